//! `cargo xtask wasm`: the browser's module, with whatever compiles to wasm32 here.
//!
//! rustup's target is taken where it is installed. Where rustup cannot download, Debian has the same
//! compiler with the source of the standard library (`rustc-web`, `rust-web-src`): cargo builds the
//! standard library from it first, and the toolchain's own `rust-lld` links. Seen working with cargo 1.95
//! and rustc-web 1.96.
//!
//! In wasm an import that nobody provides is no link error, so a build alone does not prove that the
//! module starts.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::shell::{Call, is_root, target};

/// What a person does where we cannot.
pub(crate) const HOW_TO_INSTALL: &str = "no compiler for wasm32 here; install it with `rustup target \
    add wasm32-unknown-unknown`, or on Debian with `apt-get install rustc-web rust-web-src`";

const TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_SOURCE: &str = "/usr/lib/rustlib/src/rust/library";

/// Who compiles.
enum Compiler {
    /// The toolchain in use, with its target installed.
    Rustup,
    /// Debian's, with the standard library built from source.
    Debian { linker: PathBuf },
}

/// How well the module is to be optimized.
#[derive(Clone, Copy)]
enum Profile {
    /// As it is shipped.
    Release,
    /// As fast as it compiles.
    Check,
}

/// Builds the module as it is shipped.
///
/// # Errors
/// If there is no compiler and none can be installed, or the build fails.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    if let Some(argument) = arguments.first() {
        bail!("`{argument}` is not understood: `wasm` takes no arguments");
    }
    compile(Profile::Release)
}

/// Builds the module to see that it builds.
///
/// # Errors
/// As [`run`].
pub(crate) fn build() -> Result<()> {
    compile(Profile::Check)
}

/// Whether the module can be built without installing anything.
pub(crate) fn is_ready() -> bool {
    compiler().is_some()
}

fn compile(profile: Profile) -> Result<()> {
    let compiler = match compiler() {
        Some(compiler) => compiler,
        None => install()?,
    };
    let profile = match profile {
        Profile::Release => "release",
        Profile::Check => "wasm-check",
    };
    // A folder of its own: another compiler would have cargo build everything for the host anew.
    let folder = target().join("wasm");
    call(&compiler, profile, &folder).run()?;
    let module = folder.join(TARGET).join(profile).join("sim_web.wasm");
    let size = std::fs::metadata(&module).with_context(|| module.display().to_string())?.len();
    eprintln!("sim_web.wasm ({profile}): {size} bytes");
    Ok(())
}

fn call(compiler: &Compiler, profile: &str, folder: &Path) -> Call {
    let build = ["build", "--package", "sim-web", "--target", TARGET, "--profile", profile];
    let call = match compiler {
        Compiler::Rustup => Call::cargo(&build),
        Compiler::Debian { linker } => {
            Call::cargo(&[&build[..], &["-Zbuild-std=std,panic_abort"]].concat())
                .with("RUSTC", DEBIAN_RUSTC)
                .with("RUSTC_BOOTSTRAP", "1")
                .with("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker.display().to_string())
        }
    };
    call.with("CARGO_TARGET_DIR", folder.display().to_string())
}

fn compiler() -> Option<Compiler> {
    let library = sysroot()?.join("lib/rustlib");
    if library.join(TARGET).join("lib").is_dir() {
        return Some(Compiler::Rustup);
    }
    let host = Call::new("rustc", &["--print", "host-tuple"]).output()?;
    let linker = library.join(host).join("bin/rust-lld");
    let is_there = Path::new(DEBIAN_RUSTC).exists() && Path::new(DEBIAN_SOURCE).is_dir();
    (is_there && linker.exists()).then_some(Compiler::Debian { linker })
}

fn sysroot() -> Option<PathBuf> {
    Call::new("rustc", &["--print", "sysroot"]).output().map(PathBuf::from)
}

/// Installs Debian's compiler where that takes no password.
fn install() -> Result<Compiler> {
    if is_root() && Call::new("apt-get", &["--version"]).succeeds() {
        eprintln!("installing rustc-web and rust-web-src");
        let apt = |arguments: &[&str]| {
            Call::new("apt-get", arguments).with("DEBIAN_FRONTEND", "noninteractive").succeeds()
        };
        apt(&["update", "-qq"]);
        let packages = ["rustc-web", "rust-web-src"];
        apt(&[&["install", "-y", "-qq", "--no-install-recommends"][..], &packages].concat());
    }
    compiler().context(HOW_TO_INSTALL)
}

//! What every quantity with a unit has in common: exact decimals, and errors that help.

use std::error::Error;
use std::fmt;

/// The longest piece of input that an error quotes, in characters.
const QUOTED_MAX: usize = 40;

/// The kinds of quantity that users write as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// A length of time: `"30s"`.
    Duration,
    /// Events per time: `"10/min"`.
    Rate,
    /// A size: `"256KiB"`.
    Bytes,
}

impl Quantity {
    const fn name(self) -> &'static str {
        match self {
            Self::Duration => "duration",
            Self::Rate => "rate",
            Self::Bytes => "size",
        }
    }

    const fn expected(self) -> &'static str {
        match self {
            Self::Duration => {
                "a number with a unit (`ns`, `us`, `ms`, `s`, `m`, `h` or `d`), such as `30s`, `1m30s` or `250ms`"
            }
            Self::Rate => "events per time, such as `10/min`, `100/s`, `0.5/s` or `3/2h`",
            Self::Bytes => {
                "bytes with an optional unit (`B`, `KiB`, `MiB`, `GiB`, `TiB`, `kB`, `MB`, `GB` or `TB`), such as `256KiB` or `1GiB`"
            }
        }
    }
}

/// What is wrong with the text of a quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is no text.
    Empty,
    /// A number has no unit behind it.
    NoUnit,
    /// A number should begin here, but does not.
    NoNumber(String),
    /// A unit that this kind of quantity does not have.
    UnknownUnit(String),
    /// There is a minus sign.
    Negative,
    /// Zero, where only more makes sense.
    Zero,
    /// Not a whole number of the smallest unit (a nanosecond, a byte).
    TooFine,
    /// A rate slower than one event in 584 years.
    TooSmall,
    /// Larger than can be represented.
    TooLarge,
    /// A rate without the `/` between events and time.
    NoSlash,
}

/// Text that is not the quantity it should be. The message says what was found, what is wrong with
/// it, and what was expected, with an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuantityError {
    /// The kind of quantity that was expected.
    pub quantity: Quantity,
    /// The text that was found, shortened to 40 characters.
    pub found: String,
    /// What is wrong with it.
    pub problem: Problem,
}

impl QuantityError {
    pub(super) fn new(quantity: Quantity, found: &str, problem: Problem) -> Self {
        Self { quantity, found: shortened(found), problem }
    }
}

impl fmt::Display for QuantityError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.quantity.name();
        if self.problem == Problem::Empty {
            write!(out, "a {name} is missing: the text is empty")?;
        } else {
            write!(out, "`{}` is not a {name}: ", self.found)?;
        }
        match &self.problem {
            Problem::Empty => Ok(()),
            Problem::NoUnit => write!(out, "it needs a unit"),
            Problem::NoNumber(rest) if rest.is_empty() => write!(out, "a number is missing"),
            Problem::NoNumber(rest) => write!(out, "`{rest}` is not a number"),
            Problem::UnknownUnit(unit) => write!(out, "the unit `{unit}` is unknown"),
            Problem::Negative => write!(out, "it is negative"),
            Problem::Zero => write!(out, "it is zero, but must be greater"),
            Problem::TooFine => match self.quantity {
                Quantity::Bytes => write!(out, "it is not a whole number of bytes"),
                _ => write!(out, "it is finer than one nanosecond"),
            },
            Problem::TooSmall => write!(out, "it is less than one in 584 years"),
            Problem::TooLarge => match self.quantity {
                Quantity::Bytes => write!(out, "it is larger than 2^64 - 1 bytes"),
                Quantity::Duration => write!(out, "it is longer than 584 years"),
                Quantity::Rate => write!(out, "it is too large"),
            },
            Problem::NoSlash if self.found.contains('/') => {
                write!(
                    out,
                    "the number before the `/` is a plain decimal, without an exponent or a unit"
                )
            }
            Problem::NoSlash => write!(out, "there is no `/`"),
        }?;
        write!(out, "; expected {}", self.quantity.expected())
    }
}

impl Error for QuantityError {}

/// At most [`QUOTED_MAX`] characters of `text`, so that rubbish does not fill the screen.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(QUOTED_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}

/// A non-negative decimal as written: `digits` / 10^`places`, without trailing zeros behind the
/// point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) digits: u128,
    pub(crate) places: u32,
}

impl Decimal {
    /// Takes a decimal such as `15`, `1.5` or `.5` off the front of `text`; gives it and the rest.
    pub(crate) fn take(text: &str) -> Result<(Self, &str), Problem> {
        let (whole, rest) = split_digits(text);
        let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), split_digits);
        if whole.is_empty() && fraction.is_empty() {
            return Err(if text.starts_with('-') {
                Problem::Negative
            } else {
                Problem::NoNumber(shortened(text))
            });
        }
        let fraction = fraction.trim_end_matches('0');
        let digits = whole.bytes().chain(fraction.bytes()).try_fold(0u128, |value, digit| {
            value.checked_mul(10)?.checked_add(u128::from(digit - b'0'))
        });
        let digits = digits.ok_or(Problem::TooLarge)?;
        Ok((Self { digits, places: fraction.len() as u32 }, rest))
    }

    /// This many times `unit`, which must come out whole.
    pub(crate) fn times(self, unit: u64) -> Result<u64, Problem> {
        let product = self.digits.checked_mul(u128::from(unit)).ok_or(Problem::TooLarge)?;
        // 38 digits fit; with more places than that the number cannot be whole.
        let scale = 10u128.checked_pow(self.places).ok_or(Problem::TooFine)?;
        if product % scale != 0 {
            return Err(Problem::TooFine);
        }
        u64::try_from(product / scale).map_err(|_| Problem::TooLarge)
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

/// Takes a unit, everything up to the next digit or point, off the front of `text`.
pub(super) fn take_unit<'a>(
    text: &'a str,
    units: &[(&str, u64)],
) -> Result<(u64, &'a str), Problem> {
    let end = text.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.is_empty() {
        return Err(Problem::NoUnit);
    }
    let unit = units.iter().find(|(known, _)| *known == name);
    let &(_, unit) = unit.ok_or_else(|| Problem::UnknownUnit(shortened(name)))?;
    Ok((unit, rest))
}

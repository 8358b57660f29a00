//! `surgetank schema`: for editors and for whoever reads reports.

use models::report::Report;
use models::report::readings::Readings;
use models::spec::model::ModelSpec;
use models::spec::storm::StormSpec;
use schemars::schema_for;

use crate::args::{Schema, SchemaArguments};
use crate::output::{Failure, print};

pub(super) fn execute(schema: &SchemaArguments) -> Result<(), Failure> {
    let schema = match schema.of {
        Schema::Model => schema_for!(ModelSpec),
        Schema::Storm => schema_for!(StormSpec),
        Schema::Report => schema_for!(Report),
        Schema::Readings => schema_for!(Readings),
    };
    let json = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    print(&(json + "\n"))
}

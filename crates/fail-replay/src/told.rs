//! What a recording needs to know of a machine: how its inputs and outputs are written, and
//! how inputs are read again. `plan` and `node` say it for the two machines.

use fail_core::machine::Machine;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::stands::Stands;

/// A machine whose life can be told.
pub trait Told: Machine {
    /// The program that it is the mind of.
    const PROGRAM: &'static str;
    /// An input as it is written.
    type InText: Serialize + DeserializeOwned;
    /// An output as it is written.
    type OutText: Serialize;

    /// Writes an input.
    fn tell_in(stands: &mut Stands, input: &Self::In) -> Self::InText;

    /// Reads an input.
    ///
    /// # Errors
    /// It makes no sense: one sentence.
    fn hear_in(stands: &mut Stands, text: Self::InText) -> Result<Self::In, String>;

    /// Writes an output.
    fn tell_out(stands: &mut Stands, out: &Self::Out) -> Self::OutText;
}

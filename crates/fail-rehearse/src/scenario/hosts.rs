//! `host` and `reload`: where a policy is read from.

use std::path::{Path, PathBuf};

use fail_tcl::Read;

use super::HostSpec;
use super::words::{Words, Wrong};

/// `host name ?-f file? ?-set variable value? ?-eval script? ?-address ip?`; `given` is what a
/// host without files reads.
pub(super) fn host(
    words: &mut Words<'_>,
    folder: &Path,
    given: &[PathBuf],
) -> Result<HostSpec, Wrong> {
    let name = words.need("a name")?;
    fail_wire::Name::new(name).map_err(|e| format!("bad host \"{name}\": {e}"))?;
    let mut spec = HostSpec {
        name: name.to_string(),
        read: Vec::new(),
        address: None,
        line: words.line(),
        given: false,
    };
    let mut files = false;
    while !words.rest().is_empty() {
        let option = words.need("an option")?;
        match option {
            "-f" => {
                files = true;
                spec.read.push(file(words, folder)?);
            }
            "-set" => {
                let variable = words.need("a variable")?.to_string();
                let value = words.need("a value")?.to_string();
                spec.read.push(Read::Set(variable, value));
            }
            "-eval" => spec
                .read
                .push(Read::Eval(words.need("a script")?.to_string())),
            "-address" => {
                let word = words.need("an address")?;
                let address = word.parse();
                spec.address = Some(address.map_err(|_| format!("bad address \"{word}\""))?);
            }
            _ => {
                return Err(format!(
                    "bad option \"{option}\": must be -f, -set, -eval or -address"
                ));
            }
        }
    }
    if !files {
        if given.is_empty() {
            return Err(format!(
                "host {name} has no policy: add -f file here, or say failsh --rehearse ... -f file"
            ));
        }
        spec.given = true;
        spec.read.extend(given.iter().cloned().map(Read::File));
    }
    Ok(spec)
}

/// The files of `reload host -f file ...`; none: as before.
pub(super) fn reload(words: &mut Words<'_>, folder: &Path) -> Result<Vec<Read>, Wrong> {
    let mut read = Vec::new();
    while words.takes("-f") {
        read.push(file(words, folder)?);
    }
    Ok(read)
}

fn file(words: &mut Words<'_>, folder: &Path) -> Result<Read, Wrong> {
    let word = words.need("a file")?;
    let path = folder.join(word);
    if !path.exists() {
        return Err(format!("there is no file {}", path.display()));
    }
    Ok(Read::File(path))
}

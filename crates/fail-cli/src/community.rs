//! The community a program asks with. Shared by the programs that ask.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// In the mode of a file: others may read it.
const OTHERS_READ: u32 = 0o004;

/// The community when nothing is said.
pub const DEFAULT_COMMUNITY: &str = "public";

/// The environment variable that failc and failstat look into.
pub const COMMUNITY_VARIABLE: &str = "FAIL_COMMUNITY";

/// `-c` and `-C`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Community {
    /// The community, a key shared with faild [default: public]
    ///
    /// Every user of this host can read it in the list of processes: -C is better.
    #[arg(
        short,
        long,
        value_name = "COMMUNITY",
        conflicts_with = "community_file"
    )]
    pub community: Option<String>,

    /// A file whose first line is the community
    #[arg(short = 'C', long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub community_file: Option<PathBuf>,
}

impl Community {
    /// The community: the option, else the file, else `variable`, else `public`.
    ///
    /// # Errors
    /// A sentence that names the file that can not be read, or that is empty.
    pub fn find(&self, variable: Option<String>) -> Result<String, String> {
        if let Some(community) = &self.community {
            return Ok(community.clone());
        }
        let Some(path) = &self.community_file else {
            return Ok(variable.unwrap_or_else(|| DEFAULT_COMMUNITY.to_string()));
        };
        let file = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("can not read community file {file}: {}", words(&error)))?;
        match text.lines().next().map(str::trim) {
            None | Some("") => Err(format!("community file {file}: the first line is empty")),
            Some(community) => Ok(community.to_string()),
        }
    }
    /// A sentence if every user of this host may read the file, and so has the community. That
    /// is no reason not to ask.
    pub fn warning(&self) -> Option<String> {
        let path = self.community_file.as_ref()?;
        let mode = std::fs::metadata(path).ok()?.mode();
        let file = path.display();
        let sentence =
            format!("warning: {file}: every user of this host may read it; chmod o-r it");
        (mode & OTHERS_READ != 0).then_some(sentence)
    }
}

/// Why a system call failed, without `(os error 2)`.
fn words(error: &std::io::Error) -> String {
    let text = error.to_string();
    let number = error.raw_os_error().unwrap_or_default();
    match text.strip_suffix(&format!(" (os error {number})")) {
        Some(words) => words.to_lowercase(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_option_then_the_file_then_the_variable_then_public() {
        let none = Community::default();
        assert_eq!(none.find(None).unwrap(), "public");
        assert_eq!(none.find(Some("env".to_string())).unwrap(), "env");

        let path = std::env::temp_dir().join(format!("community-{}", std::process::id()));
        let file = Community {
            community: None,
            community_file: Some(path.clone()),
        };
        std::fs::write(&path, "alpha \nbeta\n").unwrap();
        assert_eq!(file.find(Some("env".to_string())).unwrap(), "alpha");
        for (mode, warned) in [(0o600, false), (0o640, false), (0o604, true)] {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&path, mode).unwrap();
            assert_eq!(file.warning().is_some(), warned);
        }
        assert_eq!(none.warning(), None);
        std::fs::write(&path, "\nbeta\n").unwrap();
        assert!(file.find(None).unwrap_err().contains("first line is empty"));
        std::fs::remove_file(&path).unwrap();
        let sentence = file.find(None).unwrap_err();
        assert!(sentence.contains("can not read"), "{sentence}");
        assert!(sentence.ends_with("no such file or directory"));

        let option = Community {
            community: Some("gamma".to_string()),
            community_file: None,
        };
        assert_eq!(option.find(Some("env".to_string())).unwrap(), "gamma");
    }
}

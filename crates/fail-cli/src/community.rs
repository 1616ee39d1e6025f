//! The community a program asks with. Shared by the programs that ask.

use std::path::PathBuf;

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

//! What a line names that is not there, or can not be used: programs, files of Tcl, passwords,
//! communities, certificates. Each is looked at once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::action::{Action, Webhook};
use super::super::check::{Check, Tls};
use super::super::place::shown;
use super::super::source::{Source, Use};

/// What is known of files.
pub(super) struct Files<'a> {
    source: &'a dyn Source,
    there: BTreeMap<String, bool>,
    unusable: BTreeMap<(PathBuf, Use), Option<String>>,
}

impl Files<'_> {
    pub fn of(source: &dyn Source) -> Files<'_> {
        Files {
            source,
            there: BTreeMap::new(),
            unusable: BTreeMap::new(),
        }
    }

    /// What is wrong with the files of a check.
    pub fn check(&mut self, check: &Check) -> Vec<String> {
        match check {
            Check::Exec(argv) | Check::Nagios(argv) => self.program(argv),
            Check::Tcl { file, .. } => self.script(file),
            Check::Tcp { tls, .. } => self.all(tls.as_ref(), &None, Use::Auth),
            Check::Http(http) => self.all(Some(&http.tls), &http.auth, Use::Auth),
            Check::Mail { tls, login, .. } => self.all(Some(tls), login, Use::Login),
            Check::Ldap { tls, bind, .. } => self.all(Some(tls), bind, Use::Bind),
            Check::Faild { community, .. } => self.all(None, community, Use::Community),
            Check::Dns { .. } | Check::Icmp { .. } | Check::Ntp { .. } => Vec::new(),
        }
    }

    /// What is wrong with the files of an action.
    pub fn action(&mut self, action: &Action) -> Vec<String> {
        match action {
            Action::Exec(argv) => self.program(argv),
            Action::Tcl { file, .. } => self.script(file),
            Action::Webhook(Webhook { auth, tls, .. }) => self.all(Some(tls), auth, Use::Auth),
            Action::Failc { community, .. } => self.all(None, community, Use::Community),
            Action::Mail { .. } | Action::Syslog { .. } => Vec::new(),
        }
    }

    /// Certificates and a secret.
    fn all(&mut self, tls: Option<&Tls>, secret: &Option<PathBuf>, what: Use) -> Vec<String> {
        let ca = tls.and_then(|tls| tls.ca.as_ref());
        let ca = ca.and_then(|path| self.unusable(path, Use::Certificates));
        let secret = secret.as_ref().and_then(|path| self.unusable(path, what));
        ca.into_iter().chain(secret).collect()
    }

    fn unusable(&mut self, path: &Path, what: Use) -> Option<String> {
        let key = (path.to_path_buf(), what);
        let look = || self.source.unusable(&path.to_string_lossy(), what);
        self.unusable.entry(key).or_insert_with(look).clone()
    }

    fn is_there(&mut self, name: &str) -> bool {
        let look = || match name.contains('/') {
            true => self.source.is_there(name),
            false => self.source.finds(name),
        };
        *self.there.entry(name.to_string()).or_insert_with(look)
    }

    fn program(&mut self, argv: &[String]) -> Vec<String> {
        let Some(program) = argv.first() else {
            return Vec::new();
        };
        let place = if program.contains('/') {
            ""
        } else {
            " in PATH"
        };
        let missing = (!self.is_there(program))
            .then(|| format!("there is no program {}{place}", shown(program)));
        missing.into_iter().chain(shell(argv)).collect()
    }

    fn script(&mut self, file: &Path) -> Vec<String> {
        let file = file.to_string_lossy().into_owned();
        // A path, also where it has no `/`.
        let there =
            { self.there.entry(file.clone()) }.or_insert_with(|| self.source.is_there(&file));
        match there {
            true => Vec::new(),
            false => vec![format!("there is no file {}", shown(&file))],
        }
    }
}

/// Words that only a shell reads as what they are meant to be.
const SHELL: [&str; 11] = [
    "|",
    "||",
    "&",
    "&&",
    ";",
    "<",
    ">",
    ">>",
    "2>&1",
    ">/dev/null",
    "2>/dev/null",
];

/// The first word of a command that is meant for a shell.
fn shell(argv: &[String]) -> Option<String> {
    // The `;` of `find -exec` is its own.
    let find = |word: &&str| word.starts_with("-exec") || word.starts_with("-ok");
    let find = argv.iter().map(String::as_str).any(|word| find(&word));
    let mut words = argv.iter().skip(1).map(String::as_str);
    let word = words.find(|word| SHELL.contains(word) && !(find && *word == ";"))?;
    let program = Path::new(argv.first()?).file_name()?.to_string_lossy();
    Some(format!(
        "{} is a word for {program}: there is no shell; write sh -c \"COMMAND\"",
        shown(word)
    ))
}

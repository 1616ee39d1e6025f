//! Actions as values: what stands behind `on EVENT`, read and checked (`Hcfile(5)`).

use std::path::PathBuf;

use fail_core::log::Level;
use fail_wire::Name;

use super::check::{Host, Tls};
use super::template::Template;

/// What is done about a change. When and how often is in [`fail_core::watch::Line`].
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// `exec PROGRAM [WORD …]`
    Exec(Vec<String>),
    /// `mail ADDRESS … [smtp=HOST[:PORT]] [from=ADDRESS] [subject=TEXT] [body=TEXT]`
    Mail {
        /// To whom.
        to: Vec<String>,
        /// By which server, without TLS; nothing: 127.0.0.1:25.
        smtp: Host,
        /// From whom; nothing: hc@ the name of the host.
        from: Option<String>,
        /// Nothing: a sentence.
        subject: Option<Template>,
        /// Nothing: everything that is reported.
        body: Option<Template>,
    },
    /// `webhook URL [auth=FILE] [header=…] [body=TEXT] [ca=FILE] …`: a POST.
    Webhook(Webhook),
    /// `syslog [level=LEVEL]`
    Syslog {
        /// How loud; nothing: warn when bad or warning, info when good.
        level: Option<Level>,
    },
    /// `failc SERVICE [host=HOST[:PORT]] [community=FILE]`: the wish `away` when bad, `back`
    /// when good.
    Failc {
        /// Which service.
        service: Name,
        /// Whose faild.
        host: Host,
        /// A file whose first line is the community; nothing: `public`, which may change from this host.
        community: Option<PathBuf>,
    },
    /// `tcl FILE PROC [WORD …]`
    Tcl {
        /// The file that has the procedure.
        file: PathBuf,
        /// Its name and its arguments.
        words: Vec<String>,
    },
}

/// What a webhook is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    /// Where to.
    pub url: String,
    /// A file whose first line is `user:password`, or a token for `Bearer`.
    pub auth: Option<PathBuf>,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// Nothing: everything that is reported, as JSON.
    pub body: Option<Template>,
    /// For https.
    pub tls: Tls,
    /// What of the line nobody is to be told, in words: [`super::check::Line::hidden`].
    pub hidden: Vec<String>,
}

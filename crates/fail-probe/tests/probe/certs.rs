//! Certificates made with openssl, once for all tests: good ones and each kind of bad one.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// All names of the servers of these tests.
const NAMES: &str = "DNS:localhost,DNS:www.test,IP:127.0.0.1,IP:::1";

/// A folder of certificates; of each there is `NAME.crt` and `NAME.key`.
///
/// | name | what it is |
/// |---|---|
/// | `ca`, `other` | two authorities |
/// | `good` | of `ca`, for 90 days, for all names of the tests |
/// | `soon` | the same, for 5 days and some hours |
/// | `expired` | the same, which has ended 3 days and some hours ago |
/// | `early` | the same, which begins in 3 days and some hours |
/// | `wrong` | of `ca`, for `other.test` only |
/// | `stranger` | of `other` |
/// | `own` | signed by itself, for all names |
/// | `own-expired` | the same, which has ended |
#[derive(Debug)]
pub struct Certs(PathBuf);

impl Certs {
    /// The file of a certificate.
    pub fn cert(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.crt"))
    }

    /// The file of its key.
    pub fn key(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.key"))
    }
}

/// They are made when the first asks. Nothing if there is no openssl.
pub fn certs() -> Option<&'static Certs> {
    static CERTS: OnceLock<Option<Certs>> = OnceLock::new();
    let certs = CERTS.get_or_init(make).as_ref();
    if certs.is_none() {
        crate::ask::skipped("there is no openssl for certificates");
    }
    certs
}

fn make() -> Option<Certs> {
    let tool = Command::new("openssl").arg("version").output();
    tool.ok().filter(|output| output.status.success())?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("certs");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let certs = Certs(folder.clone());
    for ca in ["ca", "other"] {
        sign(
            &folder,
            ca,
            ca,
            "basicConstraints=critical,CA:TRUE",
            ["-1 day", "+1 year"],
        );
    }
    let names = format!("subjectAltName={NAMES}");
    let own = format!("basicConstraints=critical,CA:TRUE\n{names}");
    for (name, by, more, days) in [
        ("good", "ca", &*names, ["-1 day", "+90 days +6 hours"]),
        ("soon", "ca", &names, ["-1 day", "+5 days +6 hours"]),
        ("expired", "ca", &names, ["-9 days", "-3 days -6 hours"]),
        ("early", "ca", &names, ["+3 days +6 hours", "+9 days"]),
        (
            "wrong",
            "ca",
            "subjectAltName=DNS:other.test",
            ["-1 day", "+90 days"],
        ),
        ("stranger", "other", &names, ["-1 day", "+90 days +6 hours"]),
        ("own", "own", &own, ["-1 day", "+90 days +6 hours"]),
        (
            "own-expired",
            "own-expired",
            &own,
            ["-9 days", "-3 days -6 hours"],
        ),
    ] {
        sign(&folder, name, by, more, days);
    }
    Some(certs)
}

/// A certificate signed by another, or by itself.
fn sign(folder: &Path, name: &str, by: &str, more: &str, days: [&str; 2]) {
    let conf = "[ca]\ndefault_ca=d\n[d]\ndatabase=index\nnew_certs_dir=.\nrand_serial=yes\n\
        unique_subject=no\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n[e]\n";
    std::fs::write(folder.join("conf"), format!("{conf}{more}\n")).unwrap();
    std::fs::write(folder.join("index"), "").unwrap();
    let [begin, end] = days.map(|when| {
        let words = ["-u", "+%Y%m%d%H%M%SZ", "-d"];
        run(folder, "date", &[&words[..], &[when]].concat())
            .trim()
            .to_string()
    });
    let (key, request) = (format!("{name}.key"), format!("{name}.csr"));
    let (cert, subject) = (format!("{name}.crt"), format!("/CN={name}"));
    let curve = "ec_paramgen_curve:P-256";
    let new = [
        "req", "-new", "-newkey", "ec", "-pkeyopt", curve, "-nodes", "-subj", &subject,
    ];
    run(
        folder,
        "openssl",
        &[&new[..], &["-keyout", &key, "-out", &request]].concat(),
    );
    let (by_key, by_cert) = (format!("{by}.key"), format!("{by}.crt"));
    let ca = [
        "ca",
        "-batch",
        "-notext",
        "-config",
        "conf",
        "-extensions",
        "e",
        "-in",
        &request,
    ];
    let signer: &[&str] = match name == by {
        true => &["-selfsign", "-keyfile", &by_key],
        false => &["-keyfile", &by_key, "-cert", &by_cert],
    };
    let dates = ["-startdate", &begin, "-enddate", &end, "-out", &cert];
    run(folder, "openssl", &[&ca[..], signer, &dates[..]].concat());
}

fn run(folder: &Path, program: &str, words: &[&str]) -> String {
    let output = Command::new(program)
        .args(words)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

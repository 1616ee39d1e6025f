//! `ldap`: a slapd, plain, with TLS and with STARTTLS; and liars.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fail_conf::hcfile::check::{Check, Tls};
use fail_core::watch::{Finding, Verdict};

use crate::certs::{Certs, certs};
use crate::server::{Server, folder, free_port, program, start, unpacked};
use crate::{LIMIT, SHORT, check, is, liar, value};

/// A check of ldap, of which the tests change what they want.
struct Ask {
    url: String,
    starttls: bool,
    ca: Option<PathBuf>,
    days: Option<u32>,
    bind: Option<PathBuf>,
    base: Option<&'static str>,
    filter: &'static str,
    entries: u32,
    limit: Duration,
}

fn at(url: String) -> Ask {
    Ask {
        url,
        starttls: false,
        ca: None,
        days: None,
        bind: None,
        base: None,
        filter: "(objectClass=*)",
        entries: 1,
        limit: LIMIT,
    }
}

impl Ask {
    fn ask(self) -> Finding {
        let question = Check::Ldap {
            url: self.url,
            starttls: self.starttls,
            tls: Tls {
                days: self.days,
                ca: self.ca,
                verify: true,
                name: None,
            },
            bind: self.bind,
            base: self.base.map(str::to_string),
            filter: self.filter.to_string(),
            entries: self.entries,
        };
        check(question, self.limit)
    }
}

const LDIF: &str = "dn: dc=example,dc=test
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=people,dc=example,dc=test
objectClass: organizationalUnit
ou: people
";

const BASE: Option<&str> = Some("ou=people,dc=example,dc=test");

struct Directory {
    server: Server,
    secure: u16,
}

impl Directory {
    fn plain(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.server.port)
    }

    fn secret(&self, text: &str) -> PathBuf {
        let file = self.server.folder.join("secret");
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        file
    }
}

/// With twenty people, and this certificate.
fn slapd(certs: &Certs, cert: &str) -> Option<Directory> {
    let package = unpacked("slapd")?;
    let folder = folder("slapd");
    let (port, secure) = (free_port(), free_port());
    let conf = folder.join("slapd.conf");
    write_conf(&package, &folder, certs, cert);
    let mut ldif = LDIF.to_string();
    for n in 0..20 {
        ldif += &format!(
            "\ndn: cn=person{n},ou=people,dc=example,dc=test\nobjectClass: person\n\
             cn: person{n}\nsn: Person\n"
        );
    }
    let people = folder.join("people.ldif");
    std::fs::write(&people, ldif).unwrap();
    let mut add = program(&package, "usr/sbin/slapadd");
    let added = add.arg("-f").arg(&conf).arg("-l").arg(&people).output();
    let added = added.unwrap();
    assert!(added.status.success(), "{added:?}");
    let mut command = program(&package, "usr/sbin/slapd");
    let urls = ["127.0.0.1", "[::1]"].map(|ip| format!("ldap://{ip}:{port} ldaps://{ip}:{secure}"));
    command
        .args(["-d", "0", "-h", &urls.join(" "), "-f"])
        .arg(&conf);
    let url = format!("ldap://127.0.0.1:{port}");
    let server = start(command, folder, port, || at(url.clone()).ask());
    Some(Directory { server, secure })
}

fn write_conf(package: &Path, folder: &Path, certs: &Certs, cert: &str) {
    let db = folder.join("db");
    std::fs::create_dir(&db).unwrap();
    let conf = format!(
        "include {0}/etc/ldap/schema/core.schema\nmodulepath {0}/usr/lib/ldap\n\
         moduleload back_mdb\npidfile {1}/pid\nargsfile {1}/args\n\
         TLSCertificateFile {2}\nTLSCertificateKeyFile {3}\n\
         database mdb\nsuffix dc=example,dc=test\nrootdn cn=admin,dc=example,dc=test\n\
         rootpw secret\ndirectory {4}\nmaxsize 10485760\n",
        package.display(),
        folder.display(),
        certs.cert(cert).display(),
        certs.key(cert).display(),
        db.display(),
    );
    std::fs::write(folder.join("slapd.conf"), conf).unwrap();
}

#[test]
fn a_directory_is_asked() {
    let Some(certs) = certs() else {
        return;
    };
    let Some(directory) = slapd(certs, "good") else {
        return;
    };
    is(
        &at(directory.plain()).ask(),
        Verdict::Good,
        "the root entry is there",
    );
    let six = format!("ldap://[::1]:{}", directory.server.port);
    is(&at(six).ask(), Verdict::Good, "the root entry is there");

    let search = |filter, entries| {
        let mut ask = at(directory.plain());
        (ask.base, ask.filter, ask.entries) = (BASE, filter, entries);
        ask.ask()
    };
    let one = search("(cn=person7)", 1);
    is(
        &one,
        Verdict::Good,
        "1 entry in ou=people,dc=example,dc=test",
    );
    assert_eq!(value(&one, "entries"), 1.0);
    // There are more than are wanted, and no more than that are asked for.
    let ten = search("(objectClass=person)", 10);
    is(&ten, Verdict::Good, "10 entries");
    assert_eq!(value(&ten, "entries"), 10.0);
    is(
        &search("(&(objectClass=person)(|(cn=person1*)(cn=person\\32)))", 12),
        Verdict::Good,
        "12",
    );
    let few = search("(objectClass=person)", 21);
    is(
        &few,
        Verdict::Bad,
        "20 entries of 21 for (objectClass=person) in \"ou=people",
    );
    is(&search("(cn=nobody)", 1), Verdict::Bad, "0 entries of 1");
    is(&search("(cn=nobody)", 0), Verdict::Good, "0 entries in");
    is(&search("((", 1), Verdict::Unknown, "(( is no filter");
    let mut elsewhere = at(directory.plain());
    elsewhere.base = Some("dc=elsewhere");
    is(
        &elsewhere.ask(),
        Verdict::Bad,
        "refuses to search in dc=elsewhere: no such object",
    );
    let mut odd = at(directory.plain());
    odd.base = Some("no DN");
    is(&odd.ask(), Verdict::Bad, "invalid DN");

    let bind = |text: &str| {
        let mut ask = at(directory.plain());
        ask.bind = Some(directory.secret(text));
        ask.ask()
    };
    is(
        &bind("cn=admin,dc=example,dc=test\nsecret\n"),
        Verdict::Good,
        "the root entry",
    );
    let wrong = bind("cn=admin,dc=example,dc=test\nwrong\n");
    is(&wrong, Verdict::Bad, "refuses to bind: invalid credentials");
    let tells = wrong.why.contains("wrong") || wrong.why.contains("cn=admin");
    assert!(!tells, "{wrong:?}");
    is(
        &bind("cn=admin\n"),
        Verdict::Unknown,
        "does not have 2 lines",
    );
}

#[test]
fn a_directory_is_asked_with_tls() {
    let Some(certs) = certs() else {
        return;
    };
    let Some(directory) = slapd(certs, "good") else {
        return;
    };
    let ways = [
        (format!("ldaps://127.0.0.1:{}", directory.secure), false),
        (format!("ldaps://[::1]:{}", directory.secure), false),
        (directory.plain(), true),
    ];
    for (url, starttls) in ways {
        let with = |ca: Option<&str>, days| {
            let mut ask = at(url.clone());
            (ask.starttls, ask.days, ask.base) = (starttls, days, BASE);
            ask.ca = ca.map(|ca| certs.cert(ca));
            ask.ask()
        };
        let found = with(Some("ca"), Some(30));
        is(&found, Verdict::Good, "1 entry in ou=people");
        assert!((89.0..91.0).contains(&value(&found, "days")), "{found:?}");
        is(
            &with(Some("ca"), Some(365)),
            Verdict::Warning,
            "1 entry in ou=people",
        );
        let stranger = with(Some("other"), None);
        assert_eq!(stranger.verdict, Verdict::Bad, "{stranger:?}");
        assert!(value(&stranger, "days") > 0.0);
    }
    // The one does not speak the other.
    let wrong = at(format!("ldaps://127.0.0.1:{}", directory.server.port));
    assert_eq!(wrong.ask().verdict, Verdict::Bad);
    let mut wrong = at(format!("ldap://127.0.0.1:{}", directory.secure));
    wrong.limit = SHORT;
    assert_eq!(wrong.ask().verdict, Verdict::Bad);
}

#[test]
fn a_directory_whose_certificate_has_ended_is_bad() {
    let Some(certs) = certs() else {
        return;
    };
    let Some(directory) = slapd(certs, "expired") else {
        return;
    };
    for starttls in [false, true] {
        let mut ask = match starttls {
            true => at(directory.plain()),
            false => at(format!("ldaps://localhost:{}", directory.secure)),
        };
        (ask.starttls, ask.ca) = (starttls, Some(certs.cert("ca")));
        let found = ask.ask();
        is(&found, Verdict::Bad, "3 days");
        assert!(value(&found, "days") < 0.0, "{found:?}");
    }
    let what_is_plain = at(directory.plain()).ask();
    is(&what_is_plain, Verdict::Good, "the root entry is there");
}

#[test]
fn a_directory_that_is_not_there_refuses() {
    let url = format!("ldap://127.0.0.1:{}", free_port());
    is(
        &at(url).ask(),
        Verdict::Bad,
        "connection refused by 127.0.0.1",
    );
    is(
        &at("http://127.0.0.1".to_string()).ask(),
        Verdict::Unknown,
        "is not ldap://host",
    );
}

/// What a liar makes of a check that searches the root.
fn lies(lie: impl FnMut(&mut TcpStream) + Send + 'static) -> Finding {
    let liar = liar::tcp(lie);
    let mut ask = at(format!("ldap://{}", liar.at));
    ask.limit = SHORT;
    ask.ask()
}

/// Says this when it is asked something.
fn says(bytes: &[u8]) -> Finding {
    let bytes = bytes.to_vec();
    lies(move |stream| {
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(&bytes);
        liar::silent(stream);
    })
}

/// An entry with the name "", and the end of a search, as answers to the first question.
const ENTRY: &[u8] = b"\x30\x09\x02\x01\x01\x64\x04\x04\x00\x30\x00";
const DONE: &[u8] = b"\x30\x0c\x02\x01\x01\x65\x07\x0a\x01\x00\x04\x00\x04\x00";

#[test]
fn a_liar_is_no_directory() {
    is(
        &says(&[ENTRY, DONE].concat()),
        Verdict::Good,
        "the root entry is there",
    );
    is(&says(DONE), Verdict::Bad, "0 entries of 1");
    is(
        &lies(liar::silent),
        Verdict::Bad,
        "waited for an answer of 127.0.0.1",
    );
    is(&lies(|_| ()), Verdict::Bad, "");
    is(
        &says(b"220 mail.example.org ESMTP\r\n"),
        Verdict::Bad,
        "does not speak LDAP",
    );
    let slow = lies(|stream| liar::slowly(stream, &[ENTRY, DONE].concat()));
    is(&slow, Verdict::Bad, "no answer within");
    // To another question.
    let mut other = ENTRY.to_vec();
    other[4] = 7;
    is(&says(&other), Verdict::Bad, "answers another question");
    // A bind that nobody asked for.
    let mut bound = DONE.to_vec();
    bound[5] = 0x61;
    is(&says(&bound), Verdict::Bad, "answers something else");
    // It ends the connection, in its own words.
    let bye = b"\x30\x15\x02\x01\x00\x78\x10\x0a\x01\x34\x04\x00\x04\x09bye\xff\x1b[2J.";
    let bye = says(bye);
    is(&bye, Verdict::Bad, "refuses to go on: unavailable: bye");
    assert!(!bye.why.chars().any(fail_client::is_odd), "{bye:?}");
}

#[test]
fn what_stands_in_a_file_of_passwords_is_never_told() {
    let folder = folder("ldap-secret");
    let file = folder.join("secret");
    std::fs::write(&file, "cn=hc\ns3cret\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let liar = liar::tcp(|stream| {
        let _ = stream.read(&mut [0; 1024]);
        let text = b"cn=hc has no s3cret";
        let mut no = b"\x30\x1f\x02\x01\x01\x61\x1a\x0a\x01\x31\x04\x00\x04\x13".to_vec();
        no.extend_from_slice(text);
        let _ = stream.write_all(&no);
        liar::silent(stream);
    });
    let mut ask = at(format!("ldap://{}", liar.at));
    ask.bind = Some(file.clone());
    is(
        &ask.ask(),
        Verdict::Bad,
        "invalid credentials: *** has no ***",
    );
    // Nor by one that repeats it later.
    let later = liar::tcp(|stream| {
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00");
        let _ = stream.read(&mut [0; 1024]);
        let mut no = b"\x30\x1f\x02\x01\x02\x65\x1a\x0a\x01\x33\x04\x00\x04\x13".to_vec();
        no.extend_from_slice(b"cn=hc has no s3cret");
        let _ = stream.write_all(&no);
        liar::silent(stream);
    });
    let mut ask = at(format!("ldap://{}", later.at));
    ask.bind = Some(file.clone());
    is(&ask.ask(), Verdict::Bad, "busy: *** has no ***");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let mut ask = at(format!("ldap://{}", liar.at));
    ask.bind = Some(file);
    is(&ask.ask(), Verdict::Unknown, "others can read or change it");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn messages_that_are_too_long_or_too_deep_do_no_harm() {
    // Four gigabytes are announced.
    is(
        &says(b"\x30\x84\xff\xff\xff\xff\x02\x01\x01"),
        Verdict::Bad,
        "a message of 42949",
    );
    is(
        &says(b"\x30\x89\0\0\0\0\0\0\0\0\0"),
        Verdict::Bad,
        "a length that can not be",
    );
    is(
        &says(b"\x30\x80\x02\x01\x01"),
        Verdict::Bad,
        "a length that can not be",
    );
    for bytes in [
        &b"\x30\x00"[..],
        b"\x30\x03\x02\x01\x01",
        b"\x30\x05\x02\x00\x65\x01\x0a",
    ] {
        is(&says(bytes), Verdict::Bad, "a broken message");
    }
    // Sequences in sequences: what reads each of them by a call in a call has no stack for it.
    let mut deep: Vec<u8> = Vec::new();
    let levels = 20_000u32;
    for level in (0..levels).rev() {
        deep.extend_from_slice(b"\x30\x84");
        deep.extend_from_slice(&(level * 6).to_be_bytes());
    }
    is(&says(&deep), Verdict::Bad, "a broken message");
    // More entries than anybody asked for, without end.
    let flood = lies(|stream| {
        let _ = stream.read(&mut [0; 1024]);
        let many = ENTRY.repeat(1_000);
        while stream.write_all(&many).is_ok() {}
    });
    is(&flood, Verdict::Good, "1000 entries in the root");
}

#[test]
fn answers_without_end_are_bad_soon() {
    let reference = b"\x30\x07\x02\x01\x01\x73\x02\x04\x00".to_vec();
    // An entry whose name has 60,000 letters.
    let mut long = b"\x30\x82\xea\x6d\x02\x01\x01\x64\x82\xea\x66\x04\x82\xea\x60".to_vec();
    long.extend_from_slice(&[b'x'; 60_000]);
    long.extend_from_slice(b"\x30\x00");
    for (one, times) in [(reference, 1_000), (long, 10)] {
        let flood = liar::tcp(move |stream| {
            let _ = stream.read(&mut [0; 1024]);
            let many = one.repeat(times);
            while stream.write_all(&many).is_ok() {}
        });
        let found = at(format!("ldap://{}", flood.at)).ask();
        is(&found, Verdict::Bad, "answers more than anybody would");
    }
}

#[test]
fn what_is_said_before_tls_does_not_count_in_it() {
    let liar = liar::tcp(|stream| {
        let _ = stream.read(&mut [0; 1024]);
        let mut begin = DONE.to_vec();
        begin[5] = 0x78;
        let _ = stream.write_all(&[&begin, ENTRY].concat());
        liar::silent(stream);
    });
    let mut ask = at(format!("ldap://{}", liar.at));
    (ask.starttls, ask.limit) = (true, SHORT);
    is(&ask.ask(), Verdict::Bad, "says more than it was asked");
    let liar = liar::tcp(|stream| {
        let _ = stream.read(&mut [0; 1024]);
        let mut no = DONE.to_vec();
        (no[5], no[9]) = (0x78, 2);
        let _ = stream.write_all(&no);
        liar::silent(stream);
    });
    let mut ask = at(format!("ldap://{}", liar.at));
    ask.starttls = true;
    is(
        &ask.ask(),
        Verdict::Bad,
        "refuses to STARTTLS: protocol error",
    );
}

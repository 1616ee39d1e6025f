//! Real servers, each of a test's own, on free ports of 127.0.0.1 and ::1, ended with the test.
//!
//! nginx is installed; the others are only unpacked (`scripts/test`) and run in a mount
//! namespace in which their files lie over those of the host, with users of their own. Where
//! that can not be had, a test skips.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::ask::{Folder, skipped};
use crate::certs::Certs;

/// Lays what was unpacked over `/usr` and these users over those of the host, and goes on.
const OVER: &str = r#"mount -t overlay overlay -o "lowerdir=$1/usr:/usr" /usr &&
    mount --bind "$2/passwd" /etc/passwd && mount --bind "$2/group" /etc/group &&
    shift 2 && exec "$@""#;

/// Users that the servers look for.
const USERS: [&str; 3] = ["Debian-exim", "dovecot", "dovenull"];

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Its files.
    pub folder: Folder,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked to go, it takes its children with it.
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").arg(&pid).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// A port that is free on both addresses.
pub fn port() -> u16 {
    crate::ports::free(&["127.0.0.1", "::1"])
}

/// A port on both addresses.
pub fn both(port: u16) -> [SocketAddr; 2] {
    ["127.0.0.1", "::1"].map(|ip| SocketAddr::new(ip.parse().unwrap(), port))
}

/// Runs it until all these ports answer.
fn run(mut command: Command, folder: Folder, ports: &[u16]) -> Server {
    let log = std::fs::File::create(folder.0.join("said")).unwrap();
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    let child = command.spawn().unwrap();
    let mut server = Server { child, folder };
    let end = Instant::now() + Duration::from_secs(20);
    for at in ports.iter().flat_map(|port| both(*port)) {
        while TcpStream::connect(at).is_err() {
            let ended = server.child.try_wait().unwrap();
            let said = || std::fs::read_to_string(server.folder.0.join("said"));
            assert_eq!(ended, None, "{command:?}: {:?}", said());
            assert!(
                Instant::now() < end,
                "{command:?} does not listen on {at}: {:?}",
                said()
            );
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
    server
}

/// A command in the namespace of a server that is only unpacked. Nothing if that is not there.
fn inside(package: &str, folder: &Folder, words: &[&str]) -> Option<Command> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/debian")
        .join(package);
    if !root.join("unpacked").exists() {
        skipped(&format!("{package} is not unpacked in {}", root.display()));
        return None;
    }
    for file in ["passwd", "group"] {
        let mut text = std::fs::read_to_string(Path::new("/etc").join(file)).unwrap();
        for (number, user) in (65001..).zip(USERS) {
            text += &match file {
                "passwd" => format!("{user}:x:{number}:{number}::/nonexistent:/bin/false\n"),
                _ => format!("{user}:x:{number}:\n"),
            };
        }
        folder.write(file, &text, 0o644);
    }
    let over = |words: &[&str]| {
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "sh", "-c", OVER, "sh"])
            .arg(&root)
            .arg(&folder.0)
            .args(words);
        command
    };
    let tried = over(&["true"]).output();
    if !tried.is_ok_and(|output| output.status.success()) {
        skipped(&format!(
            "{package} can not be run: no namespace with an overlay can be made"
        ));
        return None;
    }
    Some(over(words))
}

fn has_nginx() -> bool {
    let version = Command::new("nginx").arg("-v").output();
    let there = version.is_ok_and(|output| output.status.success());
    if !there {
        skipped("there is no nginx");
    }
    there
}

/// A path in a configuration.
fn shown(path: &Path) -> std::path::Display<'_> {
    path.display()
}

/// A server in nginx: its port, the certificate that it shows, and what stands in it.
pub type Part<'a> = (u16, Option<(&'a Certs, &'a str)>, &'a str);

/// nginx with these servers.
pub fn nginx(servers: &[Part<'_>]) -> Option<Server> {
    if !has_nginx() {
        return None;
    }
    let folder = Folder::new();
    let root = folder.0.clone();
    let mut text = format!(
        "daemon off; master_process off; pid {0}/pid; error_log {0}/errors;\n\
         events {{ }}\nhttp {{ access_log off; root {0};\n",
        shown(&root)
    );
    for temp in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        text += &format!("{temp}_temp_path {}/{temp};\n", shown(&root));
    }
    for (port, cert, inner) in servers {
        let ssl = if cert.is_some() { " ssl" } else { "" };
        text += &format!("server {{ listen 127.0.0.1:{port}{ssl}; listen [::1]:{port}{ssl};\n");
        if let Some((certs, name)) = cert {
            let (cert, key) = (certs.cert(name), certs.key(name));
            text += &format!("ssl_certificate {};\n", shown(&cert));
            text += &format!("ssl_certificate_key {};\n", shown(&key));
        }
        text += &format!("{inner}\n}}\n");
    }
    let conf = folder.write("conf", &(text + "}\n"), 0o644);
    let mut command = Command::new("nginx");
    command
        .arg("-e")
        .arg(root.join("errors"))
        .arg("-c")
        .arg(conf);
    let ports: Vec<u16> = servers.iter().map(|(port, ..)| *port).collect();
    Some(run(command, folder, &ports))
}

/// The ports of a dovecot.
#[derive(Debug, Clone, Copy)]
pub struct Mailbox {
    /// IMAP.
    pub imap: u16,
    /// IMAP with TLS from the first byte.
    pub imaps: u16,
    /// POP3.
    pub pop: u16,
    /// POP3 with TLS from the first byte.
    pub pops: u16,
}

/// dovecot with this certificate and one user, `anna`, whose password is `s3 "cret\`.
pub fn dovecot(certs: &Certs, name: &str) -> Option<(Server, Mailbox)> {
    let folder = Folder::new();
    let root = folder.0.clone();
    let [imap, imaps, pop, pops] = [port(), port(), port(), port()];
    let (cert, key) = (certs.cert(name), certs.key(name));
    folder.write("users", "anna:{PLAIN}s3 \"cret\\:::::::\n", 0o644);
    let conf = format!(
        "base_dir = {0}/run\nstate_dir = {0}/state\nlog_path = {0}/log\n\
         protocols = imap pop3\nlisten = 127.0.0.1, ::1\nauth_failure_delay = 0\n\
         disable_plaintext_auth = no\nssl = yes\nssl_cert = <{1}\nssl_key = <{2}\n\
         first_valid_uid = 1\nmail_location = maildir:{0}/mail\n\
         passdb {{\n driver = passwd-file\n args = {0}/users\n}}\n\
         userdb {{\n driver = static\n args = uid=dovecot gid=dovecot home={0}/mail\n}}\n\
         service imap-login {{\n chroot =\n inet_listener imap {{\n port = {imap}\n }}\n \
         inet_listener imaps {{\n port = {imaps}\n ssl = yes\n }}\n}}\n\
         service pop3-login {{\n chroot =\n inet_listener pop3 {{\n port = {pop}\n }}\n \
         inet_listener pop3s {{\n port = {pops}\n ssl = yes\n }}\n}}\n\
         service anvil {{\n chroot =\n}}\nservice stats {{\n chroot =\n}}\n",
        shown(&root),
        shown(&cert),
        shown(&key)
    );
    let conf = folder.write("conf", &conf, 0o644);
    // What runs as its own user writes here.
    std::fs::create_dir(root.join("mail")).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(root.join("mail"), mode).unwrap();
    let conf = conf.to_string_lossy().into_owned();
    let command = inside("dovecot", &folder, &["dovecot", "-F", "-c", &conf])?;
    let ports = Mailbox {
        imap,
        imaps,
        pop,
        pops,
    };
    Some((run(command, folder, &[imap, imaps, pop, pops]), ports))
}

/// Exim with this certificate: a port for STARTTLS, and one with TLS from the first byte.
pub fn exim(certs: &Certs, name: &str) -> Option<(Server, u16, u16)> {
    let folder = Folder::new();
    let root = folder.0.clone();
    let [smtp, smtps] = [port(), port()];
    let (cert, key) = (certs.cert(name), certs.key(name));
    // It opens the key as its own user.
    let key = std::fs::read_to_string(key).unwrap();
    let key = folder.write("key", &key, 0o644);
    for name in ["spool", "logs"] {
        let path: PathBuf = root.join(name);
        std::fs::create_dir(&path).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(&path, mode).unwrap();
    }
    let conf = format!(
        "primary_hostname = mail.example.org\nspool_directory = {0}/spool\n\
         log_file_path = {0}/logs/%slog\ntls_advertise_hosts = *\n\
         tls_certificate = {1}\ntls_privatekey = {2}\n\
         daemon_smtp_ports = {smtp} : {smtps}\ntls_on_connect_ports = {smtps}\n\
         local_interfaces = <; 127.0.0.1 ; ::1\nacl_smtp_rcpt = rcpt\n\
         begin acl\nrcpt:\n  deny\n",
        shown(&root),
        shown(&cert),
        shown(&key)
    );
    let conf = folder.write("conf", &conf, 0o644);
    let conf = conf.to_string_lossy().into_owned();
    let command = inside("exim", &folder, &["exim4", "-bdf", "-C", &conf])?;
    Some((run(command, folder, &[smtp, smtps]), smtp, smtps))
}

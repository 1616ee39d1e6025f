//! Wishes are carried out: by the faild of the host that is shown, with a community, or by the
//! failsh of this host over its control socket. Never on the thread that draws.

use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use fail_cli::{COMMUNITY_VARIABLE, Community, Failmon, Failure, HostPort, exit};
use fail_client::{Client, Name, Options, addresses, control, words};
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};

use super::run::In;
use super::wish::{Order, Way};
use crate::cluster::Cluster;

/// Whether somebody listens at this socket, without waiting for anybody.
fn knock(path: &Path) -> nix::Result<()> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    match connect(socket.as_raw_fd(), &UnixAddr::new(path)?) {
        // He listens, and has others to talk to first.
        Err(Errno::EAGAIN) => Ok(()),
        answer => answer,
    }
}

/// How long a failsh may take for a wish: its faild has to answer.
const LIMIT: Duration = Duration::from_secs(10);

/// What wishes can be made with.
#[derive(Debug)]
pub struct Ways {
    community: Option<String>,
    /// What is to be said of the file that the community is in.
    pub warning: Option<String>,
    targets: Vec<HostPort>,
    here: String,
    options: Failmon,
}

impl Ways {
    /// As the command line and the environment say.
    ///
    /// # Errors
    /// The file with the community can not be read.
    pub fn new(options: &Failmon) -> Result<Ways, Failure> {
        let variable = std::env::var(COMMUNITY_VARIABLE).ok();
        let file = Community {
            community: None,
            community_file: options.community_file.clone(),
        };
        let given = options.community_file.is_some() || variable.is_some();
        let community = given.then(|| file.find(variable)).transpose();
        Ok(Ways {
            community: community.map_err(|e| Failure::new(exit::IOERR, e))?,
            warning: file.warning(),
            targets: options.targets.clone(),
            here: nix::unistd::gethostname()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            options: options.clone(),
        })
    }

    /// By what way a wish can be made now for each target.
    pub fn of(&self, cluster: &Cluster) -> Vec<Result<Way, String>> {
        if self.options.play.is_some() {
            let why = "nothing can be wished in a recording";
            return vec![Err(why.to_string()); cluster.views.len()];
        }
        let views = cluster.views.iter().zip(&self.targets);
        views
            .map(|(view, target)| self.of_target(view.host(), target))
            .collect()
    }

    fn of_target(&self, host: &str, target: &HostPort) -> Result<Way, String> {
        if self.community.is_some() {
            return Ok(Way::Faild {
                host: target.host.clone(),
                port: self.options.faild_port,
            });
        }
        let socket = &self.options.socket;
        if !self.is_here(host) && !self.is_here(&target.host) {
            return Err(format!(
                "wishes for {host} need a community: -C FILE, or FAIL_COMMUNITY"
            ));
        }
        let why = match knock(socket) {
            Ok(()) => return Ok(Way::Socket(socket.clone())),
            Err(Errno::ENOENT) => "is not there".to_string(),
            Err(Errno::ECONNREFUSED) => "is left over: nobody listens there".to_string(),
            Err(why) => format!("can not be used: {}", words(&why.into())),
        };
        Err(format!(
            "wishes need a community (-C FILE, or FAIL_COMMUNITY) or the control socket \
             (--socket), and {} {why}",
            socket.display()
        ))
    }

    fn is_here(&self, host: &str) -> bool {
        let ip = host.parse::<std::net::IpAddr>();
        let first = |name: &str| name.split('.').next().unwrap_or_default().to_lowercase();
        host == "localhost"
            || ip.as_ref().is_ok_and(std::net::IpAddr::is_loopback)
            || (ip.is_err() && first(host) == first(&self.here))
    }

    /// Carries a wish out on a thread of its own, and posts the answer.
    pub fn ask(&self, order: Order, post: SyncSender<In>) {
        let community = self.community.clone().unwrap_or_default();
        let refused = post.clone();
        let run = move || {
            let answer = ask(&order, &community);
            // Nobody waits for it when the program ends meanwhile.
            let _ = post.send(In::Answer(answer));
        };
        if let Err(e) = thread::Builder::new().name("wish".to_string()).spawn(run) {
            let _ = refused.try_send(In::Answer(Err(format!("no thread: {e}"))));
        }
    }
}

fn ask(order: &Order, community: &str) -> Result<String, String> {
    match &order.way {
        Way::Faild { host, port } => {
            let name = Name::new(&order.service).map_err(|e| e.to_string())?;
            let faild = addresses(host, *port)?;
            let client = Client::of_host(&faild, community, Options::default());
            let mut client = client.map_err(|e| e.to_string())?;
            let wanted = |record: &_| order.wish.wanted(record, &order.reason);
            let record = client.change(&name, wanted).map_err(|e| e.to_string())?;
            let marks: Vec<&str> = record.marks.words().collect();
            Ok(format!(
                "done, its record is {} {}",
                record.state.word(),
                marks.join(" ")
            )
            .trim_end()
            .to_string())
        }
        Way::Socket(path) => by_socket(order, path),
    }
}

fn by_socket(order: &Order, path: &Path) -> Result<String, String> {
    let tcl = order.wish.tcl(&order.service, &order.reason);
    let result = control::eval(path, &tcl, order.pid, LIMIT);
    // Of what these commands give back nothing is to be told: an error is one.
    result
        .map(|_| "done".to_string())
        .map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_socket_at_which_nobody_listens_is_none() {
        let name = format!("failmon-{}.sock", std::process::id());
        let path = std::env::temp_dir().join(name);
        assert_eq!(knock(&path), Err(Errno::ENOENT));
        let listener = UnixListener::bind(&path).unwrap();
        assert_eq!(knock(&path), Ok(()));
        drop(listener);
        let left = knock(&path);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(left, Err(Errno::ECONNREFUSED));
        let long = "x".repeat(200);
        assert_eq!(knock(Path::new(&long)), Err(Errno::ENAMETOOLONG));
    }
}

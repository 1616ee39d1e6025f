//! One line for syslog, from `hc`, whoever our own log is. A syslog that does not read is waited
//! for until the deadline, and no longer.

use fail_core::log::Level;
use tokio::net::UnixDatagram;

/// Where every syslog listens.
const SOCKET: &str = "/dev/log";

/// `daemon`, where syslog keeps it in a priority.
const FACILITY: u8 = 3 << 3;

/// Says this to syslog.
pub async fn send(level: Level, text: &str) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{SOCKET}: {}", fail_rt::reason::words(&e));
    let socket = UnixDatagram::unbound().map_err(failed)?;
    socket.connect(SOCKET).map_err(failed)?;
    let now = jiff::ZonedDateTime::now().strftime("%b %e %H:%M:%S");
    let priority = FACILITY | severity(level);
    let line = format!("<{priority}>{now} hc[{}]: {text}", std::process::id());
    socket.send(line.as_bytes()).await.map_err(failed)?;
    Ok(())
}

fn severity(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug => 7,
    }
}

//! What a service manager is told over its socket (`sd_notify`): ready when the ports are open,
//! reloading and ready again, alive only while commits are done, stopping.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::gateway::Site;
use crate::mllp_peer::{MllpPeer, framed};
use crate::reload::message;

/// The manager's end.
struct Manager(UnixDatagram);

impl Manager {
    fn new(socket: UnixDatagram) -> Self {
        socket
            .set_read_timeout(Some(Duration::from_mins(1)))
            .unwrap();
        Self(socket)
    }

    /// The next that is told.
    fn told(&self) -> String {
        let mut text = [0; 4096];
        let length = self.0.recv(&mut text).unwrap();
        String::from_utf8(text[..length].to_vec()).unwrap()
    }

    /// The next that is no word of the watchdog.
    fn told_beside_progress(&self) -> String {
        loop {
            let told = self.told();
            if told != "WATCHDOG=1" {
                return told;
            }
        }
    }

    /// Whether nothing is told for so long, after all that was told before.
    fn is_silent(&self, time: Duration) -> bool {
        self.0.set_nonblocking(true).unwrap();
        while self.0.recv(&mut [0; 4096]).is_ok() {}
        self.0.set_nonblocking(false).unwrap();
        self.0.set_read_timeout(Some(time)).unwrap();
        let silent = self.0.recv(&mut [0; 4096]).is_err();
        self.0
            .set_read_timeout(Some(Duration::from_mins(1)))
            .unwrap();
        silent
    }
}

#[test]
fn a_manager_is_told_when_it_is_ready_reloads_and_stops() {
    let site = Site::example();
    let path = site.path("notify.sock");
    let manager = Manager::new(UnixDatagram::bind(&path).unwrap());
    let socket = path.to_str().unwrap();
    let gateway = site.start_with("isthmus=info", &[("NOTIFY_SOCKET", socket)]);
    assert!(manager.told().starts_with("READY=1\n"));
    TcpStream::connect(gateway.plain).unwrap();
    TcpStream::connect(gateway.tls).unwrap();
    gateway.hang_up();
    let reloading = manager.told();
    let mut lines = reloading.lines();
    assert_eq!(lines.next(), Some("RELOADING=1"));
    let time = lines
        .next()
        .unwrap()
        .strip_prefix("MONOTONIC_USEC=")
        .unwrap();
    let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
    let uptime: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
    let told = Duration::from_micros(time.parse().unwrap()).as_secs_f64();
    // Since the start of the machine, without the time in which it slept.
    assert!(told > 0.0 && told <= uptime + 1.0, "{told} of {uptime}");
    assert!(manager.told().starts_with("READY=1\n"));
    // A reload that is refused leaves it as ready as it was.
    site.edit(|text| text.replace("[store]", "[stores]"));
    gateway.hang_up();
    assert!(manager.told().starts_with("RELOADING=1\n"));
    assert!(manager.told().starts_with("READY=1\n"));
    assert!(gateway.stop());
    assert!(manager.told().starts_with("STOPPING=1\n"));
}

#[test]
fn an_abstract_socket_hears_of_progress_only_while_commits_are_done() {
    let site = Site::example();
    let name = format!("isthmus-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let manager = Manager::new(UnixDatagram::bind_addr(&address).unwrap());
    let variables = [
        ("NOTIFY_SOCKET", format!("@{name}")),
        ("WATCHDOG_USEC", "300000".to_owned()),
    ];
    let variables: Vec<(&str, &str)> = variables.iter().map(|(a, b)| (*a, &**b)).collect();
    let gateway = site.start_with("isthmus=info", &variables);
    assert!(manager.told_beside_progress().starts_with("READY=1\n"));
    for _ in 0..3 {
        assert_eq!(manager.told(), "WATCHDOG=1");
    }
    // Another process holds the database, so the next commit waits.
    let program = "import sqlite3, sys\nhold = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
                hold.execute('BEGIN IMMEDIATE')\nprint('held', flush=True)\nsys.stdin.read()\n";
    let mut holder = Command::new("python3")
        .args(["-c", program])
        .arg(site.path("data/store/isthmus.db"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut held = String::new();
    BufReader::new(holder.stdout.take().unwrap())
        .read_line(&mut held)
        .unwrap();
    assert_eq!(held, "held\n");
    let mut peer = MllpPeer::connect(gateway.plain);
    peer.write(&framed(&message(1)));
    std::thread::sleep(Duration::from_millis(500));
    assert!(manager.is_silent(Duration::from_secs(1)));
    drop(holder.stdin.take());
    holder.wait().unwrap();
    assert_eq!(peer.answer().unwrap().code(), "AA");
    assert_eq!(manager.told(), "WATCHDOG=1");
    assert!(gateway.stop());
}

#[test]
fn a_socket_that_is_none_is_told_before_anything_is_opened() {
    let site = Site::example();
    let output = Command::new(crate::gateway::binary())
        .args(["run", "--config"])
        .arg(site.folder())
        .env("NOTIFY_SOCKET", "somewhere")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("NOTIFY_SOCKET is neither"), "{said}");
}

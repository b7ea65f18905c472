//! A receiver of webhooks that does the least a receiver can: a thread a connection, HTTP/1.1 with
//! keep-alive, 200 to everything, the webhook-ids counted. For `webhooks.py`, which compiles it by
//! itself; it is no part of the workspace.
//!
//! usage: webhook_sink PORT; then a line on standard input asks for a line of figures:
//! requests, distinct webhook-ids, bytes, and microseconds from the first to the last request.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Instant;

#[derive(Default)]
struct Seen {
    requests: u64,
    ids: HashSet<String>,
    bytes: u64,
    first: Option<Instant>,
    last: Option<Instant>,
}

fn serve(stream: TcpStream, seen: Arc<Mutex<Seen>>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    let mut line = String::new();
    let mut body = Vec::new();
    loop {
        let (mut length, mut id) = (0, String::new());
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let header = line.trim_end();
            if header.is_empty() {
                break;
            }
            if let Some((name, value)) = header.split_once(':') {
                if name.eq_ignore_ascii_case("content-length") {
                    length = value.trim().parse().unwrap_or(0);
                } else if name.eq_ignore_ascii_case("webhook-id") {
                    id = value.trim().to_owned();
                }
            }
        }
        body.resize(length, 0);
        reader.read_exact(&mut body)?;
        {
            let mut seen = seen.lock().unwrap();
            let now = Instant::now();
            seen.first.get_or_insert(now);
            seen.last = Some(now);
            seen.requests += 1;
            seen.bytes += length as u64;
            seen.ids.insert(id);
        }
        writer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
    }
}

fn main() {
    let port = std::env::args().nth(1).expect("a port");
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).expect("a free port");
    let seen = Arc::new(Mutex::new(Seen::default()));
    let accepting = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let seen = Arc::clone(&accepting);
            std::thread::spawn(move || serve(stream, seen));
        }
    });
    println!("ready");
    for _line in std::io::stdin().lines() {
        let seen = seen.lock().unwrap();
        let micros = match (seen.first, seen.last) {
            (Some(first), Some(last)) => last.duration_since(first).as_micros(),
            _ => 0,
        };
        println!("{} {} {} {micros}", seen.requests, seen.ids.len(), seen.bytes);
    }
}

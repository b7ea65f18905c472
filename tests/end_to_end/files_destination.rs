//! Messages that come over MLLP leave as files, in both forms, into a folder and by SFTP; and over
//! kills of gateway and server every record is one file that was whole whenever somebody saw it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use isthmus_tests::sshd::SshServer;

use crate::gateway::Site;
use crate::registry::files_site;
use crate::webhook_site::{deliveries, hand_in};

/// How many patients there are.
const PATIENTS: usize = 60;
/// How often the gateway is killed.
const KILLS: usize = 3;

/// Patients whose names are found nowhere else, in the order in which they come.
fn patients() -> Vec<(String, String)> {
    let numbered = 0..PATIENTS;
    numbered
        .map(|at| (format!("M{at:03}"), format!("ZqFile{at:03}")))
        .collect()
}

/// The files of a folder that a recipient would take, by name.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut found = BTreeMap::new();
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name().into_string().unwrap();
        // One that is hidden may be gone or have another name by now.
        if !name.starts_with('.') {
            found.insert(name, std::fs::read_to_string(entry.path()).unwrap());
        }
    }
    found
}

/// Reads a folder's files over and over, each of which must be whole; tells how many it saw.
struct Watch {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<usize>,
}

impl Watch {
    fn start(folder: PathBuf, end: &'static str) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            let mut seen = 0;
            while !over.load(Ordering::Relaxed) {
                for (name, text) in files(&folder) {
                    assert!(text.ends_with(end), "{name} is half: {text}");
                    seen += 1;
                }
                std::thread::sleep(Duration::from_millis(2));
            }
            seen
        });
        Self { is_over, thread }
    }

    fn end(self) -> usize {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// Sends everybody's message, with kills of the gateway, and what else is done, between and while
/// files are written.
fn send_with_kills(site: &Site, also: impl Fn()) {
    let patients = patients();
    let messages: Vec<(&str, &str)> = patients.iter().map(|(id, who)| (&**id, &**who)).collect();
    let mut gateway = site.start();
    for part in messages.chunks(messages.len().div_ceil(KILLS + 1)) {
        hand_in(&gateway, part);
        gateway.kill();
        also();
        gateway = site.start();
    }
    site.wait_for("everything to be delivered", |status| {
        deliveries(status, "registry", "delivered") == PATIENTS as u64 && status["open"] == 0
    });
    assert!(gateway.stop());
}

/// Names sort as messages came, and tell of nobody.
fn in_order<'f>(files: &'f BTreeMap<String, String>, ending: &str) -> Vec<&'f String> {
    assert_eq!(files.len(), PATIENTS, "{:?}", files.keys());
    for (name, (text, (_, patient))) in files.keys().zip(files.values().zip(patients())) {
        assert!(text.contains(&patient), "{name} is out of order");
        assert!(!name.contains("Zq") && name.ends_with(ending), "{name}");
    }
    files.values().collect()
}

#[test]
fn messages_are_dropped_whole_and_once_over_kills() {
    let site = files_site("folder = \"in\"\nterminator = \"crlf\"\n");
    let folder = site.path("in");
    std::fs::create_dir(&folder).unwrap();
    assert!(site.command(&["check"], "").status.success());
    let watch = Watch::start(folder.clone(), "PV1||N\r\n");
    send_with_kills(&site, || {});
    assert!(watch.end() > 0, "somebody saw the files");
    let files = files(&folder);
    let texts = in_order(&files, ".hl7");
    let field = |text: &str, number| text.split('|').nth(number).unwrap().to_owned();
    for (text, name) in texts.iter().zip(files.keys()) {
        assert!(text.starts_with("MSH|^~\\&|ISTHMUS|EXAMPLE-CLINIC|REGISTRY|EXAMPLE|"));
        assert_eq!(text.lines().count(), 4, "{text:?}");
        assert_eq!(field(text, 8), "ADT^A08^ADT_A01");
        // MSH-10 is the delivery, which the name tells too.
        assert!(name.contains(&format!("-{}", field(text, 9))), "{name}");
        // What the policy does not allow is not there.
        assert!(!text.contains("Sample Street"), "{text}");
    }
}

#[test]
fn records_are_dropped_as_json_whole_and_once_over_kills() {
    let site = files_site("folder = \"in\"\n");
    site.edit(|text| {
        let messages = text.find("form = \"hl7v2\"").unwrap();
        format!("{}form = \"json\"\n", &text[..messages]) + "folder = \"in\"\n"
    });
    let folder = site.path("in");
    std::fs::create_dir(&folder).unwrap();
    let watch = Watch::start(folder.clone(), "}\n");
    send_with_kills(&site, || {});
    assert!(watch.end() > 0, "somebody saw the files");
    let files = files(&folder);
    for text in in_order(&files, ".json") {
        let document: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(document["purpose"], "TREAT");
        assert_eq!(document["record"]["event"], "A08");
    }
}

#[test]
fn a_folder_that_is_not_there_is_waited_for_and_told_of() {
    let site = files_site("folder = \"mount/in\"\n");
    let reach = ["adapter", "check", "files", "--reach"];
    let checked = site.command(&reach, "");
    let said = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(!checked.status.success());
    let told = "the folder of registry is not reached: no-folder";
    assert!(said.contains(told), "{said}");
    assert!(
        site.command(&["adapter", "check", "files"], "")
            .status
            .success()
    );

    let gateway = site.start();
    hand_in(&gateway, &[("M1", "ZqAbsent")]);
    site.wait_for("the first attempt", |status| {
        deliveries(status, "registry", "retrying") == 1
    });
    std::fs::create_dir_all(site.path("mount/in")).unwrap();
    site.wait_for("the folder to be found", |status| {
        deliveries(status, "registry", "delivered") == 1
    });
    let trail = site
        .json(&["why", "M1", "--to", "registry"], "")
        .to_string();
    assert!(trail.contains("no-folder"), "{trail}");
    let reached = site.json(&reach, "");
    assert_eq!(
        reached["destinations"][0]["reached"], "reached",
        "{reached}"
    );
    assert_eq!(files(&site.path("mount/in")).len(), 1);
    assert!(gateway.stop());
}

/// The keys of a destination by which a server's inbox is reached, by this key of ours.
fn at(server: &SshServer, host_key: &str, own_key: &str) -> String {
    format!(
        "sftp = \"{}\"\nhost_keys = [\"{}\"]\nssh_key = \"${{file:{}}}\"\n",
        server.inbox_url(),
        server.text(host_key),
        server.text(own_key)
    )
}

#[test]
fn messages_reach_a_server_whole_and_once_over_kills_of_both() {
    let server = SshServer::start("");
    let site = files_site(&at(&server, "ed25519", "client_key"));
    assert!(site.command(&["check"], "").status.success());
    let reached = site.json(&["adapter", "check", "files", "--reach"], "");
    assert_eq!(
        reached["destinations"][0]["reached"], "reached",
        "{reached}"
    );
    let watch = Watch::start(server.inbox().to_path_buf(), "PV1||N\r");
    send_with_kills(&site, || {
        server.tell("kill");
        server.tell("start");
    });
    assert!(watch.end() > 0, "somebody saw the files");
    let files = files(server.inbox());
    for text in in_order(&files, ".hl7") {
        assert!(
            text.starts_with("MSH|") && text.matches('\r').count() == 4,
            "{text:?}"
        );
    }
    let log = std::fs::read_to_string(site.path("gateway.log")).unwrap();
    assert!(!log.contains("ZqFile"), "names in the log");
}

#[test]
fn a_server_that_is_not_the_one_or_lets_us_not_in_is_told_of() {
    let server = SshServer::start("");
    let other = SshServer::start("");
    let theirs = at(&server, "ed25519", "client_key");
    let theirs = theirs.replace(server.text("ed25519"), other.text("ed25519"));
    let reach = ["adapter", "check", "files", "--reach"];
    let (shown, refused) = ("shown=SHA256:", "does not take our key for this user");
    for (place, code, why) in [
        (theirs, "host-key", shown),
        (at(&server, "ecdsa", "other_key"), "login-refused", refused),
    ] {
        let site = files_site(&place);
        let checked = site.command(&reach, "");
        let said = String::from_utf8_lossy(&checked.stderr).into_owned();
        let told = format!("the server of registry is not reached: {code}");
        assert!(!checked.status.success() && said.contains(&told), "{said}");
        assert!(said.contains(why) && !said.contains("ssh_key ="), "{said}");
        let gateway = site.start();
        hand_in(&gateway, &[("M1", "ZqStranger")]);
        site.wait_for("an attempt", |status| {
            deliveries(status, "registry", "retrying") == 1
        });
        let trail = site
            .json(&["why", "M1", "--to", "registry"], "")
            .to_string();
        assert!(trail.contains(code), "{trail}");
        assert_eq!(files(server.inbox()).len(), 0, "{code}");
        // A reload takes over the right keys.
        site.edit(|text| {
            let text = text.replace(other.text("ed25519"), server.text("ed25519"));
            text.replace(server.text("other_key"), server.text("client_key"))
        });
        site.json(&["reload"], "");
        site.wait_for("the right keys to be used", |status| {
            deliveries(status, "registry", "delivered") == 1
        });
        assert!(gateway.stop());
        for name in files(server.inbox()).keys() {
            std::fs::remove_file(server.inbox().join(name)).unwrap();
        }
    }
}

#[test]
fn keys_that_cannot_be_used_are_told_at_their_place() {
    let server = SshServer::start("");
    let right = at(&server, "ed25519", "client_key");
    let (client, host) = (server.text("client_key"), server.text("ed25519"));
    for (from, to, told) in [
        (
            client,
            "/nowhere/key",
            "`ssh_key`: the file /nowhere/key cannot be read",
        ),
        (
            client,
            &format!("{client}.pub"),
            "`ssh_key`: it is no key of OpenSSH",
        ),
        (host, "SHA256:abc", "`host_keys`: it is no key of OpenSSH"),
        ("ssh_key =", "ssh_kee =", "ssh_kee"),
    ] {
        let place = right.replace(from, to);
        let checked = files_site(&place).command(&["check"], "");
        let said = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert_eq!(checked.status.code(), Some(2), "{to}: {said}");
        assert!(
            said.contains(told) && said.contains("isthmus.toml:"),
            "{to}: {said}"
        );
    }
    // What is one recipient's must not lie beside another's.
    let site = files_site(&right);
    site.files("crm", right.trim_end());
    let said = site.command(&["check"], "");
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(
        said.contains("two destinations have the same folder"),
        "{said}"
    );
}

//! Files in a watched folder: a kill in the middle of one loses and repeats none of its messages,
//! its name reaches no log, and whose folder it is follows a reload. Batches over HTTP and MLLP are
//! tested in `gateway/ingress`.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::gateway::{Gateway, Site};
use crate::reload::message;

const PATIENCE: Duration = Duration::from_mins(2);

/// A name as senders give them.
const NAME: &str = "ADT_Sample_Avery_19840617.hl7";

/// The example with a folder that files are renamed into.
fn site() -> Site {
    let site = Site::example();
    std::fs::create_dir_all(site.path("drop/in")).unwrap();
    site.edit(|text| {
        let folder = "[[folder]]\nname = \"drop\"\npath = \"drop\"\npattern = \"*.hl7\"\n\
                      poll_seconds = 1\nsettle_seconds = 0\n\n";
        let sender = "[[sender]]\nid = \"example-ehr\"\n";
        assert!(text.contains(sender));
        let bound = format!("{folder}{sender}folders = [\"drop\"]\n");
        text.replacen(sender, &bound, 1)
    });
    site
}

fn put(site: &Site, name: &str, text: &[u8]) {
    let unfinished = site.path("drop/in/.unfinished");
    std::fs::write(&unfinished, text).unwrap();
    std::fs::rename(unfinished, site.path("drop/in").join(name)).unwrap();
}

fn wait_for(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Bytes in the files of a folder.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.filter_map(|entry| entry.metadata().ok());
    sizes.map(|file| file.len()).sum()
}

fn intakes(site: &Site) -> u64 {
    site.json(&["status"], "")["intakes"].as_u64().unwrap()
}

/// Kills the gateway some way into the file; how many messages are stored then.
fn kill_inside(site: &Site, gateway: Gateway, growth: u64) -> u64 {
    let store = site.path("data/store");
    let before = size(&store);
    wait_for("the file to be under way", || {
        size(&store) > before + growth
    });
    gateway.kill();
    intakes(site)
}

#[test]
fn a_kill_inside_of_a_file_loses_and_repeats_nothing() {
    let mut file = b"BHS|^~\\&|EXAMPLE-EHR|EXAMPLE-CLINIC\r".to_vec();
    (0..2000).for_each(|number| file.extend(message(number)));
    file.extend(b"BTS|2000\r");
    let mut kills_inside = 0;
    // How far a kill comes depends on the machine; it counts when it struck inside of the file.
    for growth in [600_000, 300_000, 1_200_000, 100_000, 2_400_000] {
        let site = site();
        let gateway = site.start();
        put(&site, NAME, &file);
        let stored = kill_inside(&site, gateway, growth);
        kills_inside += u32::from((1..2000).contains(&stored));
        let gateway = site.start();
        wait_for("the file to be done", || {
            !site.path("drop/in").join(NAME).exists()
        });
        assert_eq!(intakes(&site), 2000, "{stored} were stored at the kill");
        assert_eq!(
            std::fs::read(site.path("drop/done").join(NAME)).unwrap(),
            file
        );
        let answer = site.path("drop/answers").join(format!("{NAME}.ack"));
        let answer = std::fs::read_to_string(answer).unwrap();
        assert_eq!(answer.matches("\rMSA|AA|REL").count(), 2000);
        assert!(answer.ends_with("\rBTS|2000\r"));
        if kills_inside == 0 {
            continue;
        }
        site.settled();
        let records = site.outbox("crm");
        let ids: BTreeSet<&str> = records
            .iter()
            .map(|one| one["id"].as_str().unwrap())
            .collect();
        assert_eq!((records.len(), ids.len()), (2000, 2000));
        assert!(gateway.stop());
        let log = std::fs::read_to_string(site.path("gateway.log")).unwrap();
        assert!(log.contains("every message of a file is stored"), "{log}");
        assert!(!log.contains("Avery") && !log.contains("19840617"), "{log}");
        return;
    }
    panic!("no kill struck inside of the file");
}

#[test]
fn whose_folder_it_is_follows_a_reload_and_the_folder_itself_does_not() {
    let site = site();
    let gateway = site.start();
    let stranger = |number| {
        let text = String::from_utf8(message(number)).unwrap();
        let text = text.replace("EXAMPLE-EHR|EXAMPLE-CLINIC", "SIMHOSP|SFAC");
        text.replace("EXAMPLE MRN", "SIMULATOR MRN")
    };
    put(&site, "a.hl7", stranger(1).as_bytes());
    wait_for("the refusal", || site.path("drop/refused/a.hl7").exists());
    let reason = std::fs::read_to_string(site.path("drop/refused/a.hl7.reason.txt")).unwrap();
    assert!(
        reason.contains("message 1: unauthorised at MSH-3"),
        "{reason}"
    );
    site.edit(|text| {
        let sender = "id = \"simhospital\"";
        text.replacen(sender, &format!("folders = [\"drop\"]\n{sender}"), 1)
    });
    site.json(&["reload"], "");
    put(&site, "b.hl7", stranger(2).as_bytes());
    wait_for("the file", || site.path("drop/done/b.hl7").exists());
    assert_eq!(intakes(&site), 1);
    site.edit(|text| text.replace("poll_seconds = 1", "poll_seconds = 2"));
    let output = site.command(&["reload"], "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("C008"), "{said}");
    assert!(
        said.contains("bound of a folder needs a restart: drop"),
        "{said}"
    );
    assert!(gateway.stop());
}

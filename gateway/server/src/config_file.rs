//! Reads `isthmus.toml`: every error with its place, paths made whole, secrets followed; what the
//! keys mean is told in `config`, and parts are made of them in `wiring`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use isthmus_core::diagnostic::{Code, Diagnostic, Explanation};
use isthmus_core::source_file::SourceFile;
use isthmus_core::span::Span;
use isthmus_ledger::signing_key::SigningKey;
use isthmus_store::master_key::MasterKey;
use isthmus_store::store_paths::StorePaths;
use toml::Spanned;

use crate::config::Config;
use crate::failure::Failure;
use crate::first_start;
use crate::reference::{Reference, ReferenceError};

/// The file's name.
pub(crate) const NAME: &str = "isthmus.toml";

/// The TOML is wrong: syntax, an unknown key, a value of the wrong kind.
const WRONG: Code = Code::new("C001");
/// A secret cannot be had.
const SECRET: Code = Code::new("C002");
/// Two parts have the same id.
const TWICE: Code = Code::new("C003");
/// A value names something that does not exist.
const UNKNOWN: Code = Code::new("C004");

/// A sender that cannot be told from others, or that nothing proves.
pub(crate) const SENDER: Code = Code::new("C005");
/// A listener that cannot start.
pub(crate) const LISTENER: Code = Code::new("C006");
/// A destination that cannot be used as it is stated.
pub(crate) const DESTINATION: Code = Code::new("C007");
/// A change that a running gateway cannot take over.
pub(crate) const RESTART: Code = Code::new("C008");
/// A broker that cannot be used as it is stated.
pub(crate) const BROKER: Code = Code::new("C010");

/// Every code of the configuration, explained.
pub(crate) const CODES: &[Explanation] = &[
    Explanation {
        code: WRONG,
        title: "the configuration is not as it must be",
        text: "The file is no TOML, has a key that is not known, lacks one that is needed, or has \
               a value of the wrong kind. Unknown keys are refused, for they may be misspelt.",
    },
    Explanation {
        code: SECRET,
        title: "a secret cannot be had",
        text: "Keys stand outside the configuration: it names an environment variable or a file, \
               counted from its own folder, that holds 64 hexadecimal digits.",
    },
    Explanation {
        code: TWICE,
        title: "one id or recipient twice",
        text: "Senders are told apart by their ids, and each recipient has one destination.",
    },
    Explanation {
        code: UNKNOWN,
        title: "a name that does not fit what is there",
        text: "A destination needs a policy of its recipient, a recipient needs a destination, a \
               sender's profile needs a file of its name, and a time zone needs to be in the \
               IANA database.",
    },
    Explanation {
        code: SENDER,
        title: "a sender that cannot be told from others",
        text: "A sender is recognised by its certificate or its network. Two that are recognised \
               alike need names that differ, and one that nothing proves could be anybody.",
    },
    Explanation {
        code: LISTENER,
        title: "a listener that cannot start",
        text: "An address, a bound, a certificate or a key of a listener is wrong. Without TLS a \
               listener opens on loopback only.",
    },
    Explanation {
        code: DESTINATION,
        title: "a destination that cannot be used as it is stated",
        text: "A key of the destination is wrong, a secret or certificate that it names cannot be \
               used, or the policy of the recipient asks for a seal that it does not make. \
               Requests go by https and messages by amqps or mllps, but for recipients on this \
               machine.",
    },
    Explanation {
        code: RESTART,
        title: "a change that needs a restart",
        text: "A reload takes over maps, tables, policies, senders, profiles, pseudonym keys, \
               certificates, keys of SFTP and webhook secrets. Ports, folders, the store, the \
               ledger's key, the admin socket, and destinations that come, go or move need a \
               restart. Nothing of a reload with such a change is taken over: take it back, or \
               start the gateway again.",
    },
    Explanation {
        code: BROKER,
        title: "a broker that cannot be used as it is stated",
        text: "The broker of deliveries is told in [rabbitmq]: a URL without credentials, who we \
               are there, and what the names of our queues begin with. A queue that is there with \
               other properties than ours need is never used, for it may drop what it should keep: \
               delete it at the broker, or choose another prefix. Every delivery is in the store, \
               so nothing is lost with a queue.",
    },
];

/// A configuration that was read.
#[derive(Debug, Clone)]
pub(crate) struct ConfigFile {
    /// What it says.
    pub(crate) config: Config,
    /// Its folder; relative paths count from here.
    pub(crate) folder: PathBuf,
    source: SourceFile,
}

/// The folder of the configuration: what was said, else where one is found.
pub(crate) fn find(said: Option<&Path>) -> Result<PathBuf, Failure> {
    let candidates = match said {
        Some(folder) => vec![folder.to_path_buf()],
        None => vec![PathBuf::from("."), PathBuf::from("gateway/example")],
    };
    let found = candidates.iter().find(|folder| folder.join(NAME).is_file());
    found.cloned().ok_or_else(|| {
        let place = said.unwrap_or(Path::new("."));
        let wrong = if place.is_file() {
            "is a file; --config takes the folder that holds"
        } else {
            "does not hold the configuration; name with --config the folder that has the file"
        };
        Failure::Usage(format!("{} {wrong} {NAME}", place.display()))
    })
}

/// The folder of the mappings; None when no configuration was named and none is found.
pub(crate) fn mappings(said: Option<&Path>) -> Result<Option<PathBuf>, Failure> {
    match (find(said), said) {
        (Ok(folder), _) => {
            let file = ConfigFile::read(&folder)?;
            Ok(Some(file.path(&file.config.mappings)))
        }
        (Err(_), None) => Ok(None),
        (Err(failure), Some(_)) => Err(failure),
    }
}

impl ConfigFile {
    /// Reads the file in this folder.
    pub(crate) fn read(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(NAME);
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Failure::Usage(format!("{} cannot be read: {error}", path.display()))
        })?;
        let source = SourceFile::new(path.display().to_string(), text);
        let config = toml::from_str(source.text()).map_err(|error| {
            let at = error.span().unwrap_or(0..0);
            let mut wrong = Diagnostic::error(&source, span(&at), WRONG, error.message());
            if error.message().contains("socket address") {
                let help = "write an IP address and a port: 127.0.0.1:2575, or [::1]:2575";
                wrong = wrong.with_help(help);
            }
            Failure::Configuration(vec![wrong])
        })?;
        let file = Self {
            config,
            folder: folder.to_path_buf(),
            source,
        };
        let problems = file.problems();
        if problems.is_empty() {
            Ok(file)
        } else {
            Err(Failure::Configuration(problems))
        }
    }

    /// A path of the configuration, counted from its folder; `..` is followed where that needs no
    /// look at the disk, so that errors show short paths.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        let mut whole = PathBuf::new();
        for part in self.folder.join(path).components() {
            let last = whole.components().next_back();
            match (part, last) {
                (Component::CurDir, _) => {}
                (Component::ParentDir, Some(Component::Normal(_))) => {
                    whole.pop();
                }
                _ => whole.push(part),
            }
        }
        whole
    }

    /// An error at a value of the file.
    pub(crate) fn error(
        &self,
        at: &Range<usize>,
        code: Code,
        text: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::error(&self.source, span(at), code, text)
    }

    /// The error of a change that a running gateway cannot take over, at the head of a table.
    pub(crate) fn needs_restart(&self, table: &str, text: &str) -> Diagnostic {
        self.changed(&self.head(table), text)
    }

    /// An error at the head of a table.
    pub(crate) fn at_table(&self, table: &str, code: Code, text: &str) -> Diagnostic {
        self.error(&self.head(table), code, text)
    }

    fn head(&self, table: &str) -> Range<usize> {
        let head = self.source.text().find(table);
        head.map_or(0..0, |start| start..start + table.len())
    }

    /// The same, at a value of the file.
    pub(crate) fn changed(&self, at: &Range<usize>, text: &str) -> Diagnostic {
        let help = "take the change back, or start the gateway again";
        self.error(at, RESTART, text).with_help(help)
    }

    /// The error of a recipient that has no policy, or no destination.
    pub(crate) fn unknown(&self, at: &Range<usize>, text: impl Into<String>) -> Diagnostic {
        self.error(at, UNKNOWN, text)
    }

    /// The error of a destination that cannot be used as it is stated.
    pub(crate) fn destination(&self, at: &Range<usize>, text: impl Into<String>) -> Diagnostic {
        self.error(at, DESTINATION, text)
    }

    /// A secret's text by its reference.
    pub(crate) fn secret(&self, reference: &str) -> Result<String, ReferenceError> {
        Reference::parse(reference)?.resolve(&self.folder)
    }

    /// A secret of 32 bytes by its reference.
    pub(crate) fn key(&self, reference: &Spanned<String>) -> Result<[u8; 32], Box<Diagnostic>> {
        let wrong = |text: String| {
            let help = "`openssl rand -hex 32 > FILE` makes a key";
            Box::new(self.error(&reference.span(), SECRET, text).with_help(help))
        };
        let text = Reference::parse(reference.get_ref())
            .and_then(|reference| reference.resolve(&self.folder))
            .map_err(|error| wrong(error.to_string()))?;
        key_of(&text)
            .ok_or_else(|| wrong("the key is not 32 bytes in hexadecimal (64 digits)".to_owned()))
    }

    /// The key that wraps all keys of the store.
    pub(crate) fn master_key(&self) -> Result<MasterKey, Failure> {
        let key = self.key(&self.config.store.master_key);
        let key = key.map_err(|problem| Failure::Configuration(vec![*problem]))?;
        Ok(MasterKey::new(key.into()))
    }

    /// The key that signs the ledger of the store with this name.
    pub(crate) fn ledger_key(&self, store: &str) -> Result<SigningKey, Failure> {
        let seed = self.key(&self.config.ledger.signing_key);
        let seed = seed.map_err(|problem| Failure::Configuration(vec![*problem]))?;
        let origin = format!("isthmus/ledger/{store}");
        SigningKey::from_seed(&origin, &seed).map_err(Failure::run)
    }

    /// Where a running gateway listens for commands.
    pub(crate) fn admin_socket(&self) -> PathBuf {
        match &self.config.admin.socket {
            Some(socket) => self.path(socket),
            None => self.path(&self.config.store.folder).join("isthmus.sock"),
        }
    }

    /// Where the store's files are.
    pub(crate) fn store_paths(&self) -> StorePaths {
        let store = &self.config.store;
        let paths = StorePaths::in_folder(self.path(&store.folder));
        match &store.key_folder {
            Some(folder) => paths.with_key_file(self.path(folder).join("keys.db")),
            None => paths,
        }
    }

    /// Makes what a first start may make and is absent. A master key that was lost is not made
    /// anew: it would open nothing, and hide that the old one has to be restored.
    pub(crate) fn first_start(&self) -> Result<(), Failure> {
        let allowed = &self.config.first_start;
        if let Some(folder) = &allowed.certificates {
            first_start::make_certificates(&self.path(folder)).map_err(Failure::run)?;
        }
        // A store in use knows its keys: a new one in place of a lost one would open nothing, or
        // give every patient another pseudonym.
        if allowed.make_keys && !self.store_paths().database().exists() {
            let own = [
                &self.config.store.master_key,
                &self.config.ledger.signing_key,
            ];
            for reference in self.config.pseudonym_keys.values().chain(own) {
                if let Ok(Reference::File(path)) = Reference::parse(reference.get_ref()) {
                    first_start::make_key(&self.folder.join(path)).map_err(Failure::run)?;
                }
            }
        }
        Ok(())
    }

    /// The pseudonym keys of the maps, by name.
    pub(crate) fn pseudonym_keys(&self) -> Result<BTreeMap<String, [u8; 32]>, Vec<Diagnostic>> {
        let mut keys = BTreeMap::new();
        let mut problems = Vec::new();
        for (name, reference) in &self.config.pseudonym_keys {
            match self.key(reference) {
                Ok(key) => drop(keys.insert(name.clone(), key)),
                Err(problem) => problems.push(*problem),
            }
        }
        if problems.is_empty() {
            Ok(keys)
        } else {
            Err(problems)
        }
    }

    /// What can be seen wrong without the maps and the policies, all at once.
    fn problems(&self) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        let mut ids = BTreeSet::new();
        for sender in &self.config.senders {
            let (at, sender) = (sender.span(), sender.get_ref());
            if !ids.insert(sender.id.clone()) {
                let text = format!("two senders have the id {}", sender.id);
                problems.push(self.error(&at, TWICE, text));
            }
            if jiff::tz::TimeZone::get(&sender.zone).is_err() {
                let text = "no such time zone; write an IANA name such as America/New_York";
                problems.push(self.error(&at, UNKNOWN, text));
            }
        }
        let mut folders = BTreeSet::new();
        let mut recipients = BTreeSet::new();
        for destination in &self.config.destinations {
            let recipient = destination.get_ref().recipient();
            if !recipients.insert(recipient) {
                let text = format!("two destinations for the recipient {recipient}");
                problems.push(self.error(&destination.span(), TWICE, text));
            }
            let place = destination.get_ref();
            let folder = place.folder().map(|folder| self.path(folder));
            let folder = folder.or_else(|| place.server_folder().map(PathBuf::from));
            if folder.is_some_and(|folder| !folders.insert(folder)) {
                let text = "two destinations have the same folder; what is one recipient's must \
                            not lie beside another's";
                problems.push(self.error(&destination.span(), TWICE, text));
            }
        }
        problems
    }
}

fn span(range: &Range<usize>) -> Span {
    Span::new(range.start, range.end)
}

/// 32 bytes from 64 hexadecimal digits.
fn key_of(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut key = [0; 32];
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_64_hexadecimal_digits() {
        assert_eq!(key_of(&"0a".repeat(32)), Some([10; 32]));
        assert_eq!(key_of("0a"), None);
        assert_eq!(key_of(&"zz".repeat(32)), None);
    }
}

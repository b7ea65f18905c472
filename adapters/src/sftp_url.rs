//! `SftpUrl`, where an SFTP server takes files, as far as it can be judged by its text; pure. What
//! its name resolves to is judged by `connection::address_filter`.

use crate::endpoint::{EndpointFault, host_and_port};

/// The port of SSH.
const PORT: u16 = 22;
/// The longest user and path.
const LENGTH_MAX: usize = 512;

/// Where files are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SftpUrl {
    /// Who we are there.
    pub user: String,
    /// The host, brackets around an IPv6 address included.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The folder; one that does not begin with a slash counts from where a login begins.
    pub folder: String,
}

/// Why a URL is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SftpUrlFault {
    /// It is not `sftp`.
    #[error("the URL does not begin with sftp://")]
    Scheme,
    /// It does not say who we are.
    #[error("the URL has no user")]
    NoUser,
    /// It has a password.
    #[error("the URL has a password in it")]
    Password,
    /// It does not say where files go.
    #[error("the URL has no folder")]
    NoFolder,
    /// It has what a folder has not.
    #[error("the folder of the URL has one of ? # % or more than 512 characters")]
    Folder,
    /// It is wrong as any URL could be.
    #[error(transparent)]
    Url(EndpointFault),
}

impl SftpUrl {
    /// Reads `sftp://user@host:port/folder`. `/~/folder` counts from where a login begins.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(url: &str) -> Result<Self, SftpUrlFault> {
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SftpUrlFault::Url(EndpointFault::Character));
        }
        let (scheme, rest) = url.split_once("://").ok_or(SftpUrlFault::Scheme)?;
        if !scheme.eq_ignore_ascii_case("sftp") {
            return Err(SftpUrlFault::Scheme);
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        // A user may be an address of e-mail.
        let (user, authority) = authority.rsplit_once('@').ok_or(SftpUrlFault::NoUser)?;
        if user.contains(':') {
            return Err(SftpUrlFault::Password);
        }
        if user.is_empty() || user.len() > LENGTH_MAX {
            return Err(SftpUrlFault::NoUser);
        }
        let (host, port) = host_and_port(authority).map_err(SftpUrlFault::Url)?;
        if path.contains(['?', '#', '%']) || path.len() > LENGTH_MAX {
            return Err(SftpUrlFault::Folder);
        }
        Ok(Self {
            user: user.to_owned(),
            host: host.to_owned(),
            port: port.unwrap_or(PORT),
            folder: folder(path).ok_or(SftpUrlFault::NoFolder)?,
        })
    }

    /// The path of a file in the folder.
    pub(crate) fn path(&self, name: &str) -> String {
        match self.folder.as_str() {
            "/" => format!("/{name}"),
            folder => format!("{folder}/{name}"),
        }
    }
}

/// The folder that stands behind the first slash of a URL.
fn folder(path: &str) -> Option<String> {
    let own = path.strip_prefix('~');
    if let Some(own) = own.filter(|own| own.is_empty() || own.starts_with('/')) {
        let inner = own.trim_matches('/');
        return Some(if inner.is_empty() { "." } else { inner }.to_owned());
    }
    let inner = path.trim_end_matches('/');
    (!path.is_empty()).then(|| format!("/{inner}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_counts_from_the_root_or_from_where_a_login_begins() {
        for (url, folder, file) in [
            ("sftp://me@lab.example/in/adt", "/in/adt", "/in/adt/a.hl7"),
            ("sftp://me@lab.example/in/", "/in", "/in/a.hl7"),
            ("sftp://me@lab.example//", "/", "/a.hl7"),
            ("sftp://me@lab.example/~/in", "in", "in/a.hl7"),
            ("sftp://me@lab.example/~", ".", "./a.hl7"),
            ("sftp://me@lab.example/~x", "/~x", "/~x/a.hl7"),
        ] {
            let read = SftpUrl::parse(url).unwrap();
            assert_eq!(read.folder, folder, "{url}");
            assert_eq!(read.path("a.hl7"), file, "{url}");
        }
        let read = SftpUrl::parse("SFTP://me@clinic.example@[::1]:2222/in").unwrap();
        let SftpUrl {
            user, host, port, ..
        } = read;
        let found = (user.as_str(), host.as_str(), port);
        assert_eq!(found, ("me@clinic.example", "[::1]", 2222));
    }

    #[test]
    fn what_is_no_place_for_files_is_refused() {
        for (url, fault) in [
            ("ftp://me@lab.example/in", SftpUrlFault::Scheme),
            ("lab.example/in", SftpUrlFault::Scheme),
            ("sftp://lab.example/in", SftpUrlFault::NoUser),
            ("sftp://@lab.example/in", SftpUrlFault::NoUser),
            ("sftp://me:pw@lab.example/in", SftpUrlFault::Password),
            ("sftp://me@lab.example", SftpUrlFault::NoFolder),
            ("sftp://me@lab.example/", SftpUrlFault::NoFolder),
            ("sftp://me@lab.example/in?a=b", SftpUrlFault::Folder),
            ("sftp://me@lab.example/a%20b", SftpUrlFault::Folder),
            (
                "sftp://me@lab.example/a b",
                SftpUrlFault::Url(EndpointFault::Character),
            ),
            ("sftp://me@/in", SftpUrlFault::Url(EndpointFault::Host)),
            (
                "sftp://me@lab.example:0/in",
                SftpUrlFault::Url(EndpointFault::Port),
            ),
        ] {
            assert_eq!(SftpUrl::parse(url), Err(fault), "{url}");
        }
    }
}

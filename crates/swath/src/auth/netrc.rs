//! The `netrc` file: user names and passwords by machine.
//!
//! Format: the classic one of `ftp(1)`, as curl and Python read it: `machine NAME`, `default`, `login`, `password`,
//! `account`, `macdef` (skipped up to the next empty line), `#` comments, and double quotes with backslash escapes.

use std::path::{Path, PathBuf};

use super::token::Password;
use crate::error::{Error, ErrorKind, Result};

/// A user and password found for a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Netrc {
    pub(crate) login: String,
    pub(crate) password: Password,
}

/// No real file is longer; a longer one is something else.
const MAX_BYTES: u64 = 1 << 20;

impl Netrc {
    /// The file to read: `$NETRC`, or `.netrc` (on Windows `_netrc`) in the home folder.
    pub(crate) fn default_path(variable: Option<&str>) -> Option<PathBuf> {
        if let Some(path) = variable.filter(|path| !path.is_empty()) {
            return Some(PathBuf::from(path));
        }
        let home = etcetera::home_dir().ok()?;
        let names: &[&str] = if cfg!(windows) { &["_netrc", ".netrc"] } else { &[".netrc"] };
        names.iter().map(|name| home.join(name)).find(|path| path.is_file())
    }

    /// The entry for `machine` in the file at `path`; `None` when the file or the entry is absent.
    pub(crate) fn find(path: &Path, machine: &str) -> Result<Option<Self>> {
        let length = match std::fs::metadata(path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(path).because(error)),
        };
        if length > MAX_BYTES {
            return Err(unreadable(path).because("it is larger than 1 MiB"));
        }
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(path).because(error))?;
        Ok(Self::parse(&text, machine))
    }

    /// The entry for `machine`, or else the `default` one, in the text of a netrc file.
    pub(crate) fn parse(text: &str, machine: &str) -> Option<Self> {
        let mut words = Words { rest: text };
        let (mut here, mut login, mut password) = (false, None, None);
        while let Some(word) = words.next() {
            match word.as_str() {
                "machine" | "default" => {
                    if let (true, Some(login), Some(password)) = (here, login.take(), password.take()) {
                        return Some(Self { login, password });
                    }
                    (login, password) = (None, None);
                    here = word == "default" || words.next().as_deref() == Some(machine);
                }
                "login" | "user" => login = words.next(),
                "password" => password = words.next().map(Password::new),
                "account" => drop(words.next()),
                "macdef" => words.skip_macro(),
                _ => {}
            }
        }
        match (here, login, password) {
            (true, Some(login), Some(password)) => Some(Self { login, password }),
            _ => None,
        }
    }
}

fn unreadable(path: &Path) -> Error {
    Error::new(ErrorKind::Local, format!("could not read the netrc file {}", path.display()))
        .with_hint("set NETRC to another file, or EARTHDATA_TOKEN to a token")
}

/// The words of a netrc file: separated by white space, perhaps quoted, comments left out.
struct Words<'a> {
    rest: &'a str,
}

impl Words<'_> {
    fn skip_macro(&mut self) {
        self.rest = self.rest.find("\n\n").map_or("", |end| &self.rest[end..]);
    }
}

impl Iterator for Words<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        loop {
            self.rest = self.rest.trim_start();
            if !self.rest.starts_with('#') {
                break;
            }
            self.rest = self.rest.find('\n').map_or("", |end| &self.rest[end..]);
        }
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let (mut word, mut escaped) = (String::new(), false);
            for (at, c) in quoted.char_indices() {
                match c {
                    _ if escaped => {
                        word.push(c);
                        escaped = false;
                    }
                    '\\' => escaped = true,
                    '"' => {
                        self.rest = &quoted[at + 1..];
                        return Some(word);
                    }
                    _ => word.push(c),
                }
            }
            self.rest = "";
            return Some(word);
        }
        let end = self.rest.find(char::is_whitespace).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then(|| word.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDL: &str = "urs.earthdata.nasa.gov";

    fn found(text: &str) -> Option<(String, String)> {
        Netrc::parse(text, EDL).map(|entry| (entry.login, entry.password.secret().to_owned()))
    }

    #[test]
    fn entries_are_found_by_machine() {
        let one_line = format!("machine other login x password y\nmachine {EDL} login me password se#cret");
        assert_eq!(found(&one_line), Some(("me".into(), "se#cret".into())));
        let lines = format!(
            "# mine\nmachine {EDL}\n\tlogin \"a b\"\n\tpassword \"q\\\"uote\"\ndefault login d password e\n"
        );
        assert_eq!(found(&lines), Some(("a b".into(), "q\"uote".into())));
        assert_eq!(found("default login d password e"), Some(("d".into(), "e".into())));
        let with_macro =
            format!("macdef init\nmachine {EDL} login no password no\n\nmachine {EDL} login yes password p");
        assert_eq!(found(&with_macro), Some(("yes".into(), "p".into())));
    }

    #[test]
    fn half_entries_and_other_machines_are_nothing() {
        assert_eq!(found(&format!("machine {EDL} login me")), None);
        assert_eq!(found("machine other login x password y"), None);
        assert_eq!(found("password"), None);
        assert_eq!(found(""), None);
    }
}

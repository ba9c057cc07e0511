//! The token that `swath login` keeps: one file that only its owner can read.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::Token;
use crate::error::{Error, ErrorKind, Result};

/// The file of the token.
#[derive(Debug, Clone)]
pub(crate) struct TokenFile {
    path: PathBuf,
}

/// No token is longer; a longer file is something else.
const MAX_BYTES: u64 = 64 << 10;

impl TokenFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// `swath/token` in the folder for configuration that the variables name; nowhere when they name none.
    pub(crate) fn default_path(lookup: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
        let folder = |name: &str| lookup(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let base = folder("XDG_CONFIG_HOME")
            .or_else(|| if cfg!(windows) { folder("APPDATA") } else { None })
            .or_else(|| folder("HOME").map(|home| home.join(".config")))?;
        Some(base.join("swath").join("token"))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The token, if one is kept.
    ///
    /// # Errors
    /// A usage error when others can read the file; a local one when it cannot be read.
    pub(crate) fn load(&self) -> Result<Option<Token>> {
        let data = match fs::metadata(&self.path) {
            Ok(data) => data,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed("read").because(error)),
        };
        if is_open_to_others(&data) {
            let what = format!("others can read the token in {}", self.path.display());
            return Err(Error::usage(what)
                .with_hint("run `swath logout` and `swath login`, and revoke the old token"));
        }
        if data.len() > MAX_BYTES {
            return Err(self.failed("read").because("it is larger than a token"));
        }
        let text = fs::read_to_string(&self.path).map_err(|error| self.failed("read").because(error))?;
        Token::parse(&text)
            .map(Some)
            .map_err(|error| error.in_context(format!("the token in {} cannot be used", self.path.display())))
    }

    /// Keeps a token in place of any other.
    ///
    /// # Errors
    /// A local error when the file cannot be written.
    pub(crate) fn save(&self, token: &Token) -> Result<()> {
        let failed = |error: std::io::Error| self.failed("written").because(error);
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(failed)?;
        let new = self.path.with_file_name(format!(".token.{}", std::process::id()));
        // What a process of this number left behind long ago is in the way of `create_new`.
        let _ = fs::remove_file(&new);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(&new).map_err(failed)?;
        let written = file
            .write_all(token.secret().as_bytes())
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&new, &self.path));
        written.map_err(|error| {
            let _ = fs::remove_file(&new);
            failed(error)
        })
    }

    /// Removes the token; whether there was one.
    ///
    /// # Errors
    /// A local error when the file is there and cannot be removed.
    pub(crate) fn remove(&self) -> Result<bool> {
        match fs::remove_file(&self.path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.failed("removed").because(error)),
        }
    }

    fn failed(&self, done: &str) -> Error {
        Error::new(ErrorKind::Local, format!("the token file {} could not be {done}", self.path.display()))
    }
}

#[cfg(unix)]
fn is_open_to_others(data: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    data.permissions().mode() & 0o077 != 0
}

/// Elsewhere the user's own folder is closed to others already.
#[cfg(not(unix))]
fn is_open_to_others(_: &fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_kept_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::new(folder.path().join("swath/token"));
        assert!(file.load().unwrap().is_none() && !file.remove().unwrap());
        let token = Token::parse("canary-one").unwrap();
        file.save(&token).unwrap();
        file.save(&Token::parse("canary-two").unwrap()).unwrap();
        assert_eq!(file.load().unwrap().unwrap().secret(), "canary-two");
        assert_eq!(fs::read_dir(folder.path().join("swath")).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
            fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).unwrap();
            let error = file.load().unwrap_err();
            assert!(error.to_string().contains("others can read"), "{error:?}");
            assert!(!format!("{error:?}").contains("canary"));
        }
        assert!(file.remove().unwrap());
    }

    #[test]
    fn the_place_is_the_one_that_variables_name() {
        let of = |pairs: &[(&str, &str)]| {
            let find =
                |name: &str| pairs.iter().find(|(known, _)| *known == name).map(|(_, v)| (*v).to_owned());
            TokenFile::default_path(find).map(|path| path.display().to_string())
        };
        assert_eq!(of(&[]), None);
        #[cfg(unix)]
        {
            assert_eq!(of(&[("HOME", "/h")]).as_deref(), Some("/h/.config/swath/token"));
            assert_eq!(of(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/c")]).as_deref(), Some("/c/swath/token"));
            assert_eq!(of(&[("XDG_CONFIG_HOME", "relative")]), None);
        }
    }
}

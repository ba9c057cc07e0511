use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind as IoErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, ErrorKind, Result};

/// What to do when the file to write is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Existing {
    /// Leave it and fail.
    #[default]
    Refuse,
    /// Put the new file in its place, once that is whole.
    Replace,
}

/// Writes a file that appears under its name only when it is whole.
///
/// What `write` writes goes to a temporary file in the same folder, which is flushed to the disk and then renamed. When
/// anything fails, the temporary file is removed and a file of that name stays as it was.
///
/// # Errors
/// A usage error when the file exists and may not be replaced; `Local` when the disk fails; any error of `write`.
pub fn write_whole(
    path: &Path,
    existing: Existing,
    write: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<()> {
    if existing == Existing::Refuse && path.symlink_metadata().is_ok() {
        return Err(exists(path));
    }
    let failed = |reason: io::Error| {
        Error::new(ErrorKind::Local, format!("{} could not be written", path.display())).because(reason)
    };
    let (part, file) = Part::create_beside(path).map_err(failed)?;
    let mut writer = BufWriter::new(file);
    // A full disk shows here; the writer does not know the file's name.
    write(&mut writer).map_err(|error| match error.kind() {
        ErrorKind::Local => error.in_context(format!("{} could not be written", path.display())),
        _ => error,
    })?;
    let file = writer.into_inner().map_err(|reason| failed(reason.into_error()))?;
    file.sync_all().map_err(failed)?;
    drop(file);
    match existing {
        Existing::Replace => part.replace(path).map_err(failed)?,
        Existing::Refuse => part.take_name(path).map_err(|reason| match reason.kind() {
            IoErrorKind::AlreadyExists => exists(path),
            _ => failed(reason),
        })?,
    }
    sync_folder(path);
    Ok(())
}

fn exists(path: &Path) -> Error {
    Error::usage(format!("{} exists already", path.display()))
        .with_hint("choose another name, or allow the file to be replaced")
}

/// A temporary file that is removed unless it was renamed.
struct Part {
    path: PathBuf,
}

impl Part {
    /// A new file in the folder of `path`, hidden, with a name that no other writer uses.
    fn create_beside(path: &Path) -> io::Result<(Self, File)> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let Some(name) = path.file_name() else {
            return Err(io::Error::new(IoErrorKind::InvalidInput, "the path names no file"));
        };
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}-{}.part", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed)));
        let part = path.with_file_name(hidden);
        let file = OpenOptions::new().write(true).create_new(true).open(&part)?;
        Ok((Self { path: part }, file))
    }

    fn replace(&self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)
    }

    /// Gives the file its name unless another has it. A rename would replace that one; a link does not.
    fn take_name(&self, path: &Path) -> io::Result<()> {
        match fs::hard_link(&self.path, path) {
            Err(reason) if reason.kind() != IoErrorKind::AlreadyExists => {
                // Some file systems know no links. What is left is to look once more and rename.
                if path.symlink_metadata().is_ok() {
                    return Err(IoErrorKind::AlreadyExists.into());
                }
                self.replace(path)
            }
            linked => linked,
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Nothing is there any more after a rename, and nothing can be done about a failure.
        let _ = fs::remove_file(&self.path);
    }
}

/// Makes the new name durable where folders can be flushed; elsewhere the file's own flush has to do.
pub(crate) fn sync_folder(path: &Path) {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut found: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        found.sort();
        found
    }

    fn put<'a>(text: &'a str) -> impl FnOnce(&mut dyn Write) -> Result<()> + 'a {
        move |writer| writer.write_all(text.as_bytes()).map_err(|_| Error::usage("no"))
    }

    #[test]
    fn a_file_is_whole_or_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("series.csv");
        let failing = write_whole(&path, Existing::Refuse, |writer| {
            put("half")(writer)?;
            Err(Error::usage("stopped half way"))
        });
        assert_eq!(failing.unwrap_err().to_string(), "stopped half way");
        assert!(names(folder.path()).is_empty());
        write_whole(&path, Existing::Refuse, put("whole")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(names(folder.path()), ["series.csv"]);
    }

    #[test]
    fn a_file_is_replaced_only_when_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("series.csv");
        fs::write(&path, "old").unwrap();
        let error = write_whole(&path, Existing::Refuse, put("new")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        write_whole(&path, Existing::Replace, put("new")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(names(folder.path()), ["series.csv"]);
    }

    #[test]
    fn a_file_that_appears_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("series.csv");
        let result = write_whole(&path, Existing::Refuse, |writer| {
            fs::write(&path, "theirs").unwrap();
            put("ours")(writer)
        });
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Usage);
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
        assert_eq!(names(folder.path()), ["series.csv"]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("series.csv");
        let error = write_whole(&path, Existing::Refuse, put("x")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Local);
        assert!(error.to_string().contains("series.csv") && error.reasons().len() == 1, "{error:?}");
        assert!(write_whole(Path::new("/"), Existing::Replace, put("x")).is_err());
    }
}

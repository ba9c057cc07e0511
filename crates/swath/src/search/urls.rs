//! Picking addresses by file extension and pattern, as asf_search's `find_urls` does.

use std::collections::BTreeSet;

use fancy_regex::{Regex, RegexBuilder};

use crate::error::{Error, Result};
use crate::granule::{Granule, file_name, shown};

/// Steps that a pattern may take back in one address before it is refused.
const BACKTRACK_LIMIT: usize = 100_000;

/// The longest pattern.
const LONGEST_PATTERN: usize = 4096;

/// Which addresses to pick.
struct Picker<'a> {
    extension: Option<&'a str>,
    pattern: Option<(Regex, &'a str)>,
}

impl<'a> Picker<'a> {
    fn new(extension: Option<&'a str>, pattern: Option<&'a str>) -> Result<Self> {
        let pattern = match pattern {
            Some(pattern) => Some((compiled(pattern)?, pattern)),
            None => None,
        };
        Ok(Self { extension, pattern })
    }

    fn picks(&self, url: &str) -> Result<bool> {
        if self.extension.is_some_and(|wanted| extension(url) != wanted) {
            return Ok(false);
        }
        match &self.pattern {
            Some((regex, text)) => regex.is_match(url).map_err(|why| refused(text).because(why)),
            None => Ok(true),
        }
    }
}

fn refused(pattern: &str) -> Error {
    Error::usage(format!("the pattern {:?} cannot be used", shown(pattern)))
        .with_hint("patterns are regular expressions with look-around, such as ^(?!.*QA_STATS).*")
}

fn compiled(pattern: &str) -> Result<Regex> {
    if pattern.len() > LONGEST_PATTERN {
        return Err(refused(pattern).because(format!("it is longer than {LONGEST_PATTERN} bytes")));
    }
    let regex = RegexBuilder::new(pattern).backtrack_limit(BACKTRACK_LIMIT).build();
    regex.map_err(|why| refused(pattern).because(why))
}

/// What follows the last dot of the file name, with the dot; empty without one. Leading dots do not count.
fn extension(url: &str) -> &str {
    let file = file_name(url);
    let stem = file.trim_start_matches('.');
    stem.rfind('.').map_or("", |dot| stem.get(dot..).unwrap_or_default())
}

/// The addresses of granules that pass, sorted, once.
pub(super) fn find<'a>(
    granules: impl IntoIterator<Item = &'a Granule>,
    extension: Option<&str>,
    pattern: Option<&str>,
    direct_access: bool,
) -> Result<Vec<String>> {
    let picker = Picker::new(extension, pattern)?;
    let mut found = BTreeSet::new();
    for granule in granules {
        for url in if direct_access { granule.s3_urls() } else { granule.urls() } {
            if picker.picks(url)? {
                found.insert(url.clone());
            }
        }
    }
    Ok(found.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_is_what_python_splits_off() {
        let cases = [
            ("https://h/a/b.h5", ".h5"),
            ("https://h/a/b.h5.iso.xml", ".xml"),
            ("https://h/a.b/c", ""),
            ("https://h/a/b.h5?x=y.png#z", ".h5"),
            ("https://h/a/.hidden", ""),
            ("https://h/a/..x.y", ".y"),
            ("s3://bucket/key/file.", "."),
            ("https://h/", ""),
        ];
        for (url, expected) in cases {
            assert_eq!(extension(url), expected, "{url}");
        }
    }

    #[test]
    fn a_pattern_that_never_ends_is_stopped() {
        let picker = Picker::new(None, Some(r"^(?=(a+)+$)(a|aa)+\1b")).unwrap();
        let error = picker.picks(&"a".repeat(5000)).unwrap_err();
        assert!(error.to_string().contains("pattern"), "{error:?}");
    }

    #[test]
    fn a_bad_pattern_is_the_callers_mistake() {
        let error = Picker::new(None, Some("(")).err().unwrap();
        assert_eq!(error.kind(), crate::ErrorKind::Usage);
        for deep in
            ["a".repeat(5000), "(".repeat(4000), format!("{}{}", "(?=".repeat(1000), ")".repeat(1000))]
        {
            assert!(Picker::new(None, Some(&deep)).is_err());
        }
        assert!(Picker::new(None, Some("((a{1000}){1000}){1000}")).is_err());
    }
}

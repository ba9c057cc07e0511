//! The addresses of a granule's files, read from its text when they are first asked for.

use std::borrow::Cow;

use serde_json::Value;

use super::super::output::plain;
use super::record::{Record, RelatedUrl};
use super::{record, said};
use crate::granule::{Addresses, FileKind, Granule, GranuleFile, file_name};

impl Granule {
    /// Every https address of its files, sorted.
    ///
    /// Addresses are read from the granule's text when first asked for, and then kept.
    pub fn urls(&self) -> &[String] {
        &self.addresses().urls
    }

    /// Every s3 address of its files, sorted; read as [`Granule::urls`] are.
    pub fn s3_urls(&self) -> &[String] {
        &self.addresses().s3_urls
    }

    /// The https addresses of its pictures, sorted; read as [`Granule::urls`] are.
    pub fn browse(&self) -> &[String] {
        &self.addresses().browse
    }

    fn addresses(&self) -> &Addresses {
        self.addresses.get_or_init(|| {
            let item = record(self);
            let (s3_urls, urls) = urls(&item);
            Box::new(Addresses { browse: browse(&urls), primary: primary_url(&item), urls, s3_urls })
        })
    }

    /// The https address of the product itself: its own `.h5`, never its quality statistics.
    ///
    /// Of another mission's granule it is the address that the catalogue calls the data.
    pub fn data_url(&self) -> Option<&str> {
        self.own_file(self.urls()).or_else(|| self.primary())
    }

    /// The s3 address of the product itself; readable inside AWS us-west-2 only.
    pub fn data_s3_url(&self) -> Option<&str> {
        let named = self.primary().map(file_name);
        let same_file = || self.s3_urls().iter().find(|url| Some(file_name(url)) == named);
        self.own_file(self.s3_urls()).or_else(|| same_file().map(String::as_str))
    }

    /// The address that the catalogue calls the data of another mission's granule.
    fn primary(&self) -> Option<&str> {
        self.addresses().primary.as_deref().filter(|_| self.parsed.is_none())
    }

    fn own_file<'a>(&self, urls: &'a [String]) -> Option<&'a str> {
        let wanted = self.parsed.as_ref()?;
        let is_own = |url: &&String| {
            file_name(url).ends_with(".h5")
                && GranuleFile::parse(url)
                    .is_ok_and(|file| file.kind == FileKind::Data && file.granule == *wanted)
        };
        urls.iter().find(is_own).map(String::as_str)
    }
}

/// Kinds of addresses that lead to a file or service of the granule.
const URL_TYPES: &[&str] = &[
    "GET DATA",
    "EXTENDED METADATA",
    "GET DATA VIA DIRECT ACCESS",
    "GET RELATED VISUALIZATION",
    "VIEW RELATED INFORMATION",
    "USE SERVICE API",
];

/// Every address of the granule, sorted, once: those of S3, and the others.
pub(super) fn urls(item: &Record<'_>) -> (Vec<String>, Vec<String>) {
    let is_known = |one: &&RelatedUrl<'_>| URL_TYPES.iter().any(|kind| one.kind.is(kind));
    let related = item.umm.related_urls();
    let known = related.iter().filter(is_known);
    let mut all: Vec<&str> = known.filter_map(|one| one.url.0.as_deref()).collect();
    all.sort_unstable();
    all.dedup();
    let (s3, others): (Vec<&str>, Vec<&str>) = all.into_iter().partition(|url| url.starts_with("s3://"));
    (s3.into_iter().map(plain).collect(), others.into_iter().map(plain).collect())
}

/// The first address of type `GET DATA`.
pub(super) fn primary_url(item: &Record<'_>) -> Option<String> {
    let related = item.umm.related_urls();
    let data = related.iter().find(|one| one.kind.is("GET DATA"))?;
    said(data.url.0.as_deref()?).map(Cow::into_owned)
}

pub(super) fn browse(urls: &[String]) -> Vec<String> {
    let picture = |url: &&String| [".png", ".jpg", ".jpeg"].iter().any(|ending| url.ends_with(ending));
    urls.iter().filter(picture).cloned().collect()
}

/// The addresses of the other files: neither the data, nor pictures, checksums or credentials.
pub(super) fn additional_urls(item: &Record<'_>) -> Value {
    let primary = primary_url(item);
    let other = |url: &String| {
        Some(url) != primary.as_ref()
            && !url.ends_with(".md5")
            && !url.ends_with(".png")
            && !url.contains("s3credentials")
    };
    urls(item).1.into_iter().filter(other).collect()
}

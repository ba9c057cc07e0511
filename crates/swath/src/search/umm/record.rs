//! The parts of a catalogue item (UMM-G 1.6, and the `meta` that CMR puts beside it) that granules are made of.
//!
//! They borrow from the text of the item and take what they find: a value of another kind than the schema's is as good as
//! absent, at any depth. Only text that is no JSON, and an object that gives one of these members twice, are errors.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// An item: `{"meta": …, "umm": …}`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Record<'a> {
    #[serde(borrow)]
    pub(super) meta: Object<Meta<'a>>,
    #[serde(borrow)]
    pub(super) umm: Object<Umm<'a>>,
}

/// What the catalogue itself says of the record.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct Meta<'a> {
    #[serde(borrow)]
    pub(super) concept_id: Said<'a>,
    #[serde(borrow)]
    pub(super) collection_concept_id: Said<'a>,
}

/// The granule's own record.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Umm<'a> {
    #[serde(borrow, rename = "GranuleUR")]
    pub(super) granule_ur: Said<'a>,
    #[serde(borrow)]
    pub(super) temporal_extent: Object<TemporalExtent<'a>>,
    #[serde(borrow)]
    pub(super) orbit_calculated_spatial_domains: List<Object<Orbit<'a>>>,
    #[serde(borrow)]
    pub(super) additional_attributes: List<Object<Attribute<'a>>>,
    pub(super) spatial_extent: Object<SpatialExtent>,
    #[serde(borrow)]
    pub(super) collection_reference: Object<Named<'a>>,
    #[serde(borrow, rename = "PGEVersionClass")]
    pub(super) pge: Object<Pge<'a>>,
    /// The text of the list of addresses, three quarters of the record, for those who want it: [`Umm::related_urls`].
    #[serde(borrow)]
    related_urls: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) data_granule: Object<DataGranule<'a>>,
    #[serde(borrow)]
    pub(super) platforms: List<Object<Platform<'a>>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct TemporalExtent<'a> {
    #[serde(borrow)]
    pub(super) range_date_time: Object<Range<'a>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Range<'a> {
    #[serde(borrow)]
    pub(super) beginning_date_time: Said<'a>,
    #[serde(borrow)]
    pub(super) ending_date_time: Said<'a>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Orbit<'a> {
    #[serde(borrow)]
    pub(super) orbit_number: Said<'a>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Attribute<'a> {
    #[serde(borrow)]
    pub(super) name: Word<'a>,
    #[serde(borrow)]
    pub(super) values: List<Said<'a>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct SpatialExtent {
    pub(super) horizontal_spatial_domain: Object<HorizontalDomain>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct HorizontalDomain {
    pub(super) geometry: Object<Geometry>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Geometry {
    #[serde(rename = "GPolygons")]
    pub(super) polygons: List<Object<Polygon>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Polygon {
    pub(super) boundary: Object<Boundary>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Boundary {
    pub(super) points: List<Object<Point>>,
}

/// Degrees; a number alone counts, not a text that reads as one.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Point {
    pub(super) longitude: Degrees,
    pub(super) latitude: Degrees,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Named<'a> {
    #[serde(borrow)]
    pub(super) short_name: Said<'a>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Pge<'a> {
    #[serde(borrow, rename = "PGEVersion")]
    pub(super) version: Said<'a>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct RelatedUrl<'a> {
    #[serde(borrow, rename = "URL")]
    pub(super) url: Word<'a>,
    #[serde(borrow, rename = "Type")]
    pub(super) kind: Word<'a>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct DataGranule<'a> {
    #[serde(borrow)]
    pub(super) production_date_time: Said<'a>,
    #[serde(borrow)]
    pub(super) identifiers: List<Object<Identifier<'a>>>,
    #[serde(borrow)]
    pub(super) archive_and_distribution_information: List<Object<File<'a>>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Identifier<'a> {
    #[serde(borrow)]
    pub(super) identifier_type: Word<'a>,
    #[serde(borrow)]
    pub(super) identifier: Said<'a>,
}

/// One of the granule's files. Its size is written out as it came.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct File<'a> {
    #[serde(borrow)]
    pub(super) name: Word<'a>,
    pub(super) size_in_bytes: Value,
    #[serde(borrow)]
    pub(super) format: Word<'a>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Platform<'a> {
    #[serde(borrow)]
    pub(super) short_name: Said<'a>,
    #[serde(borrow)]
    pub(super) instruments: List<Object<Named<'a>>>,
}

/// A text, or a number or a flag as text.
#[derive(Debug, Default, Clone)]
pub(super) struct Said<'a>(pub(super) Option<Cow<'a, str>>);

/// A text and nothing else.
#[derive(Debug, Default, Clone)]
pub(super) struct Word<'a>(pub(super) Option<Cow<'a, str>>);

/// A number and nothing else.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Degrees(pub(super) Option<f64>);

/// An object; of anything else, one without members.
#[derive(Debug, Default)]
pub(super) struct Object<T>(pub(super) T);

/// A list; of anything else, an empty one.
#[derive(Debug)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<'a> Umm<'a> {
    /// Every address. One that is odd is left out.
    pub(super) fn related_urls(&self) -> Vec<RelatedUrl<'a>> {
        let text = self.related_urls.map_or("[]", RawValue::get);
        let all: List<&RawValue> = serde_json::from_str(text).unwrap_or_default();
        let read = |one: &&'a RawValue| serde_json::from_str::<Object<RelatedUrl<'a>>>(one.get()).ok();
        all.iter().filter_map(read).map(|one| one.0).collect()
    }
}

impl Word<'_> {
    /// Whether it is this word.
    pub(super) fn is(&self, word: &str) -> bool {
        self.0.as_deref() == Some(word)
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> std::ops::Deref for Object<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> std::ops::Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

/// What is made of each kind of JSON value; what a reader does not name is absent.
trait Reader<'de>: Default {
    /// Of a text that lies in the input.
    fn borrowed(_text: &'de str) -> Self {
        Self::default()
    }

    /// Of a text that had to be unescaped.
    fn owned(_text: &str) -> Self {
        Self::default()
    }

    /// Of a number.
    fn number(_number: &serde_json::Number) -> Self {
        Self::default()
    }

    /// Of `true` or `false`.
    fn flag(_flag: bool) -> Self {
        Self::default()
    }

    /// Of a list.
    ///
    /// # Errors
    /// When the text is no JSON.
    fn list<A: SeqAccess<'de>>(mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }

    /// Of an object.
    ///
    /// # Errors
    /// When the text is no JSON.
    fn object<A: MapAccess<'de>>(mut members: A) -> Result<Self, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

/// Leads each kind of JSON value to its reader.
struct Any<T>(PhantomData<T>);

impl<'de, T: Reader<'de>> Visitor<'de> for Any<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<T, E> {
        Ok(T::flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<T, E> {
        Ok(T::number(&number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<T, E> {
        Ok(T::number(&number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<T, E> {
        Ok(serde_json::Number::from_f64(number).map_or_else(T::default, |number| T::number(&number)))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<T, E> {
        Ok(T::borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::owned(text))
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<T, A::Error> {
        T::list(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::object(members)
    }
}

impl<'de: 'a, 'a> Reader<'de> for Said<'a> {
    fn borrowed(text: &'de str) -> Self {
        Self(Some(Cow::Borrowed(text)))
    }

    fn owned(text: &str) -> Self {
        Self(Some(Cow::Owned(text.to_owned())))
    }

    fn number(number: &serde_json::Number) -> Self {
        Self(Some(Cow::Owned(number.to_string())))
    }

    fn flag(flag: bool) -> Self {
        Self(Some(Cow::Borrowed(if flag { "true" } else { "false" })))
    }
}

impl<'de: 'a, 'a> Reader<'de> for Word<'a> {
    fn borrowed(text: &'de str) -> Self {
        Self(Some(Cow::Borrowed(text)))
    }

    fn owned(text: &str) -> Self {
        Self(Some(Cow::Owned(text.to_owned())))
    }
}

impl Reader<'_> for Degrees {
    fn number(number: &serde_json::Number) -> Self {
        Self(number.as_f64())
    }
}

impl<'de, T: Deserialize<'de> + Default> Reader<'de> for Object<T> {
    fn object<A: MapAccess<'de>>(members: A) -> Result<Self, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Self)
    }
}

impl<'de, T: Deserialize<'de>> Reader<'de> for List<T> {
    fn list<A: SeqAccess<'de>>(mut items: A) -> Result<Self, A::Error> {
        let Some(first) = items.next_element()? else { return Ok(Self::default()) };
        let mut all = vec![first];
        while let Some(item) = items.next_element()? {
            // Most lists are of one; those that are not are of some twenty.
            if all.len() == 1 {
                all.reserve(23);
            }
            all.push(item);
        }
        Ok(Self(all))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Said<'a> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any(PhantomData))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Word<'a> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Degrees {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any(PhantomData))
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Object<T> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any(PhantomData))
    }
}

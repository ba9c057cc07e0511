//! The parts of a catalogue item (UMM-G 1.6, and the `meta` that CMR puts beside it) that granules are made of.
//!
//! They borrow from the text of the item and take what they find: a value of another kind than the schema's is as good as
//! absent, at any depth. Only text that is no JSON, and an object that gives one of these members twice, are errors.

use std::borrow::Cow;
use std::ops::Range;

use geo_types::Coord;

use super::json::Json;

/// What is said of something: a text, or a number or a flag as text.
pub(super) type Said<'a> = Option<Cow<'a, str>>;

/// A text and nothing else.
pub(super) type Word<'a> = Option<Cow<'a, str>>;

/// An item: `{"meta": …, "umm": …}`.
#[derive(Debug, Default)]
pub(super) struct Record<'a> {
    pub(super) concept_id: Said<'a>,
    pub(super) collection_concept_id: Said<'a>,
    pub(super) granule_ur: Said<'a>,
    pub(super) beginning: Said<'a>,
    pub(super) ending: Said<'a>,
    pub(super) orbit_number: Said<'a>,
    pub(super) collection: Said<'a>,
    pub(super) pge_version: Said<'a>,
    pub(super) produced: Said<'a>,
    pub(super) platform: Said<'a>,
    pub(super) sensor: Said<'a>,
    pub(super) attributes: Attributes<'a>,
    pub(super) identifiers: Vec<Identifier<'a>>,
    /// The list of addresses, three quarters of the text, for those who want it: [`Record::related_urls`].
    related_urls: &'a str,
    pub(super) files: Vec<File<'a>>,
    /// The corners of each polygon; of one that cannot be read, `None`.
    pub(super) rings: Vec<Vec<Option<Coord<f64>>>>,
}

/// The additional attributes, in their order.
#[derive(Debug, Default)]
pub(super) struct Attributes<'a> {
    /// Names, and which of the values are theirs.
    names: Vec<(Word<'a>, Range<usize>)>,
    values: Vec<Said<'a>>,
}

#[derive(Debug, Default)]
pub(super) struct Identifier<'a> {
    pub(super) kind: Word<'a>,
    pub(super) identifier: Said<'a>,
}

#[derive(Debug, Default)]
pub(super) struct RelatedUrl<'a> {
    pub(super) url: Word<'a>,
    pub(super) kind: Word<'a>,
}

/// One of the granule's files. Its size is written out as it came, and so is kept as it came.
#[derive(Debug, Default)]
pub(super) struct File<'a> {
    pub(super) name: Word<'a>,
    pub(super) size: Option<&'a str>,
    pub(super) format: Word<'a>,
}

impl<'a> Attributes<'a> {
    /// The values of the first attribute of a name.
    pub(super) fn of(&self, wanted: &str) -> &[Said<'a>] {
        let mut all = self.names.iter();
        let found = all.find(|(name, _)| name.as_deref() == Some(wanted));
        found.and_then(|(_, values)| self.values.get(values.clone())).unwrap_or_default()
    }

    fn read(&mut self, from: &mut Json<'a>) -> Option<()> {
        // There are some twenty, of a value each.
        self.names.reserve(24);
        self.values.reserve(32);
        from.list(|from, _| {
            let mut name = None;
            let begin = self.values.len();
            from.object(["Name", "Values"], |from, member| {
                match member {
                    0 => name = from.word()?,
                    _ => from.list(|from, _| {
                        self.values.push(from.said()?);
                        Some(())
                    })?,
                }
                Some(())
            })?;
            self.names.push((name, begin..self.values.len()));
            Some(())
        })
    }
}

impl<'a> Record<'a> {
    /// Reads an item; `None` when it is no JSON.
    pub(super) fn read(from: &mut Json<'a>) -> Option<Self> {
        let mut record = Self::default();
        from.object(["meta", "umm"], |from, member| match member {
            0 => record.meta(from),
            _ => record.umm(from),
        })?;
        Some(record)
    }

    /// Every address.
    pub(super) fn related_urls(&self) -> Vec<RelatedUrl<'a>> {
        related_urls(&mut Json::new(self.related_urls)).unwrap_or_default()
    }

    /// What the catalogue itself says of the record.
    fn meta(&mut self, from: &mut Json<'a>) -> Option<()> {
        from.object(["concept-id", "collection-concept-id"], |from, member| {
            let said = from.said()?;
            match member {
                0 => self.concept_id = said,
                _ => self.collection_concept_id = said,
            }
            Some(())
        })
    }

    /// The granule's own record.
    fn umm(&mut self, from: &mut Json<'a>) -> Option<()> {
        let members = [
            "GranuleUR",
            "TemporalExtent",
            "OrbitCalculatedSpatialDomains",
            "AdditionalAttributes",
            "SpatialExtent",
            "CollectionReference",
            "PGEVersionClass",
            "RelatedUrls",
            "DataGranule",
            "Platforms",
        ];
        from.object(members, |from, member| {
            match member {
                0 => self.granule_ur = from.said()?,
                1 => self.times(from)?,
                2 => self.orbit_number = first(from, |from| member_of(from, "OrbitNumber"))?,
                3 => self.attributes.read(from)?,
                4 => self.rings = rings(from)?,
                5 => self.collection = member_of(from, "ShortName")?,
                6 => self.pge_version = member_of(from, "PGEVersion")?,
                7 => self.related_urls = from.raw()?,
                8 => self.data_granule(from)?,
                _ => self.platforms(from)?,
            }
            Some(())
        })
    }

    fn times(&mut self, from: &mut Json<'a>) -> Option<()> {
        from.object(["RangeDateTime"], |from, _| {
            from.object(["BeginningDateTime", "EndingDateTime"], |from, member| {
                let said = from.said()?;
                match member {
                    0 => self.beginning = said,
                    _ => self.ending = said,
                }
                Some(())
            })
        })
    }

    fn data_granule(&mut self, from: &mut Json<'a>) -> Option<()> {
        let members = ["ProductionDateTime", "Identifiers", "ArchiveAndDistributionInformation"];
        from.object(members, |from, member| match member {
            0 => from.said().map(|said| self.produced = said),
            1 => from.list(|from, _| {
                let mut one = Identifier::default();
                from.object(["IdentifierType", "Identifier"], |from, member| {
                    match member {
                        0 => one.kind = from.word()?,
                        _ => one.identifier = from.said()?,
                    }
                    Some(())
                })?;
                self.identifiers.push(one);
                Some(())
            }),
            _ => self.files(from),
        })
    }

    fn files(&mut self, from: &mut Json<'a>) -> Option<()> {
        self.files.reserve(16);
        from.list(|from, _| {
            let mut one = File::default();
            from.object(["Name", "SizeInBytes", "Format"], |from, member| {
                match member {
                    0 => one.name = from.word()?,
                    1 => one.size = Some(from.raw()?),
                    _ => one.format = from.word()?,
                }
                Some(())
            })?;
            self.files.push(one);
            Some(())
        })
    }

    /// Only the first counts.
    fn platforms(&mut self, from: &mut Json<'a>) -> Option<()> {
        from.list(|from, place| {
            if place > 0 {
                return from.skip();
            }
            from.object(["ShortName", "Instruments"], |from, member| {
                match member {
                    0 => self.platform = from.said()?,
                    _ => self.sensor = first(from, |from| member_of(from, "ShortName"))?,
                }
                Some(())
            })
        })
    }
}

/// What is said of one member of an object.
fn member_of<'a>(from: &mut Json<'a>, name: &'static str) -> Option<Said<'a>> {
    let mut said = None;
    from.object([name], |from, _| {
        said = from.said()?;
        Some(())
    })?;
    Some(said)
}

/// What is said of the first value of a list.
fn first<'a>(
    from: &mut Json<'a>,
    mut read: impl FnMut(&mut Json<'a>) -> Option<Said<'a>>,
) -> Option<Said<'a>> {
    let mut said = None;
    from.list(|from, place| {
        if place > 0 {
            return from.skip();
        }
        said = read(from)?;
        Some(())
    })?;
    Some(said)
}

fn related_urls<'a>(from: &mut Json<'a>) -> Option<Vec<RelatedUrl<'a>>> {
    // There are some thirty of a granule of NISAR.
    let mut all = Vec::with_capacity(32);
    from.list(|from, _| {
        let mut one = RelatedUrl::default();
        from.object(["URL", "Type"], |from, member| {
            let word = from.word()?;
            match member {
                0 => one.url = word,
                _ => one.kind = word,
            }
            Some(())
        })?;
        all.push(one);
        Some(())
    })?;
    Some(all)
}

fn rings(from: &mut Json<'_>) -> Option<Vec<Vec<Option<Coord<f64>>>>> {
    let mut rings = Vec::new();
    from.object(["HorizontalSpatialDomain"], |from, _| {
        from.object(["Geometry"], |from, _| {
            from.object(["GPolygons"], |from, _| {
                from.list(|from, _| {
                    let mut ring = Vec::new();
                    from.object(["Boundary"], |from, _| {
                        from.object(["Points"], |from, _| {
                            from.list(|from, _| {
                                ring.push(point(from)?);
                                Some(())
                            })
                        })
                    })?;
                    rings.push(ring);
                    Some(())
                })
            })
        })
    })?;
    Some(rings)
}

/// Degrees; a number alone counts, not a text that reads as one.
fn point(from: &mut Json<'_>) -> Option<Option<Coord<f64>>> {
    let (mut x, mut y) = (None, None);
    from.object(["Longitude", "Latitude"], |from, member| {
        let degrees = from.real()?;
        match member {
            0 => x = degrees,
            _ => y = degrees,
        }
        Some(())
    })?;
    Some(x.zip(y).map(|(x, y)| Coord { x, y }))
}

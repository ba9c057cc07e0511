//! What was done to an area before it could be searched with.

use std::fmt;

/// One change that an area went through on its way to the catalogue.
///
/// Most are asf_search's own, and [`Repair::report`] gives its words for them; the others are swath's. `Display` says
/// the same to people.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repair {
    /// Heights or measures were dropped.
    ExtraDimension,
    /// So many shapes that overlap or share a border became one.
    Merged {
        /// The shapes that there were.
        shapes: usize,
    },
    /// So many shapes became one by their convex hulls, which overlap.
    MergedByHulls {
        /// The shapes that there were.
        shapes: usize,
    },
    /// Shapes apart from each other were replaced by the convex hull of all.
    ConvexHull,
    /// So many latitudes beyond ±90 were set to it.
    Clamped {
        /// The vertices concerned, the repeated one of an outline too.
        values: usize,
    },
    /// So many longitudes beyond ±180 were taken a turn back.
    Wrapped {
        /// The vertices concerned, the repeated one of an outline too.
        values: usize,
    },
    /// A shape smaller than 0.0004 degrees became a point, one slimmer than that a line.
    Collapsed {
        /// What it became.
        to: Collapse,
        /// Vertices before.
        from: usize,
    },
    /// The outline was drawn with fewer vertices.
    Simplified {
        /// Vertices before.
        from: usize,
        /// Vertices after.
        to: usize,
    },
    /// The outline was turned counter-clockwise.
    Reversed,
    /// Holes were dropped: the catalogue knows none.
    HolesDropped {
        /// How many there were.
        holes: usize,
    },
    /// Longitudes were read across the antimeridian: steps of more than 180 degrees are taken the short way.
    AcrossAntimeridian,
    /// The outline goes around a pole, and was taken to enclose it.
    AroundPole {
        /// Whether it is the north pole.
        north: bool,
    },
    /// The area is wider than half the Earth and was searched as it is written, not across the antimeridian.
    WideAsWritten,
    /// The area goes around the Earth; the box around it is searched.
    BoundingBox,
    /// The outline crossed itself once latitudes were clamped; its convex hull is searched.
    HullOfClamped,
}

/// What a small shape became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Collapse {
    /// A point.
    Point,
    /// A line along a meridian.
    VerticalLine,
    /// A line along a parallel.
    HorizontalLine,
}

impl Collapse {
    fn name(self) -> &'static str {
        match self {
            Self::Point => "Point",
            Self::VerticalLine => "Vertical Line",
            Self::HorizontalLine => "Horizontal Line",
        }
    }

    fn vertices(self) -> usize {
        if self == Self::Point { 1 } else { 2 }
    }
}

impl Repair {
    /// The kind of the repair: asf_search's word for it, or one in its manner.
    ///
    /// ```
    /// use swath::search::Area;
    ///
    /// let area = Area::parse("MULTIPOINT(10 40, 40 30, 20 20)")?;
    /// let kinds: Vec<&str> = area.repairs().iter().map(|repair| repair.kind()).collect();
    /// assert_eq!(kinds, ["CONVEX_HULL_INDIVIDUAL", "REVERSE"]);
    /// # Ok::<(), swath::Error>(())
    /// ```
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ExtraDimension => "EXTRA_DIMENSION",
            Self::Merged { .. } | Self::MergedByHulls { .. } => "OVERLAP_MERGE",
            Self::ConvexHull => "CONVEX_HULL_INDIVIDUAL",
            Self::Clamped { .. } => "CLAMP",
            Self::Wrapped { .. } => "WRAP",
            Self::Collapsed { .. } | Self::Simplified { .. } => "GEOMETRY_SIMPLIFICATION",
            Self::Reversed => "REVERSE",
            Self::HolesDropped { .. } => "HOLES",
            Self::AcrossAntimeridian => "ANTIMERIDIAN",
            Self::AroundPole { .. } => "POLE",
            Self::WideAsWritten => "WIDE",
            Self::BoundingBox => "BOUNDING_BOX",
            Self::HullOfClamped => "CONVEX_HULL_CLAMPED",
        }
    }

    /// The whole entry as `str()` of asf_search's `RepairEntry` gives it, quotes and all; `None` for what only swath
    /// does.
    pub fn report(&self) -> Option<String> {
        let report = match self {
            Self::ExtraDimension => {
                "Only 2-Dimensional area of interests are supported (lon/lat), higher dimension \
                                     coordinates will be ignored"
                    .to_owned()
            }
            Self::Merged { shapes } => format!("Overlapping {shapes} shapes merged into one"),
            Self::MergedByHulls { shapes } => {
                format!("{shapes} non-overlapping shapes merged by their convex-hulls")
            }
            Self::ConvexHull => {
                "'Unconnected shapes: Convex-hulled each INDIVIDUAL shape to merge them together.'".to_owned()
            }
            Self::Clamped { values } => format!("'Clamped {values} value(s) to +/-90 latitude'"),
            Self::Wrapped { values } => format!("'Wrapped {values} value(s) to +/-180 longitude'"),
            Self::Collapsed { to, from } => format!(
                "'Shape Collapsed to {}: shape of {from} simplified to {} with proximity threshold of 0.0004'",
                to.name(),
                to.vertices()
            ),
            Self::Simplified { from, to } => format!(
                "'Shape Simplified: shape of {from} simplified to {to} with proximity threshold of 0.0004'"
            ),
            Self::Reversed => "Reversed polygon winding order".to_owned(),
            Self::HolesDropped { .. }
            | Self::AcrossAntimeridian
            | Self::AroundPole { .. }
            | Self::WideAsWritten
            | Self::BoundingBox
            | Self::HullOfClamped => return None,
        };
        Some(format!("'type': '{}': 'report': {report}", self.kind()))
    }
}

/// What was done, in a sentence's words.
impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExtraDimension => f.write_str("heights and measures of the area were dropped"),
            Self::Merged { shapes } => write!(f, "{shapes} shapes of the area that touch were merged into one"),
            Self::MergedByHulls { shapes } => {
                write!(f, "{shapes} shapes of the area were merged into one by their convex hulls")
            }
            Self::ConvexHull => {
                f.write_str("the shapes of the area lie apart: the convex hull of all is searched")
            }
            Self::Clamped { values: 1 } => f.write_str("1 latitude of the area lies beyond ±90 and was set to it"),
            Self::Wrapped { values: 1 } => {
                f.write_str("1 longitude of the area lies beyond ±180 and was taken a turn back")
            }
            Self::Clamped { values } => write!(f, "{values} latitudes of the area lie beyond ±90 and were set to it"),
            Self::Wrapped { values } => {
                write!(f, "{values} longitudes of the area lie beyond ±180 and were taken a turn back")
            }
            Self::Collapsed { to, from } => {
                let to = to.name().to_lowercase();
                write!(f, "the area of {from} vertices is so small that a {to} is searched")
            }
            Self::Simplified { from, to } => {
                write!(f, "the outline of the area was simplified from {from} vertices to {to}")
            }
            Self::Reversed => f.write_str("the outline of the area was turned counter-clockwise"),
            Self::HolesDropped { holes: 1 } => {
                f.write_str("a hole of the area was dropped: the catalogue knows none")
            }
            Self::HolesDropped { holes } => {
                write!(f, "{holes} holes of the area were dropped: the catalogue knows none")
            }
            Self::AcrossAntimeridian => {
                f.write_str("the area was read across the antimeridian, the short way between its longitudes")
            }
            Self::AroundPole { north } => {
                let pole = if *north { "north" } else { "south" };
                write!(f, "the outline of the area goes around the {pole} pole and was taken to enclose it")
            }
            Self::WideAsWritten => f.write_str(
                "the area is wider than 180 degrees and was read as written; one across the antimeridian is written \
                 with longitudes beyond 180",
            ),
            Self::BoundingBox => f.write_str("the area goes around the Earth: the box around it is searched"),
            Self::HullOfClamped => f.write_str(
                "the outline of the area crosses itself once its latitudes are within ±90: its convex hull is searched",
            ),
        }
    }
}

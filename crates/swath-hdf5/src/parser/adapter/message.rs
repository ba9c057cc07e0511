//! Messages that describe a dataset, byte by byte (HDF5 specification IV.A.2).

use super::super::{Fault, RawFilter};
use super::{Answer, MAX_RANK, little_endian};

/// A reader of little-endian fields that ends with an error, never with a panic.
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    what: &'static str,
}

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Fields { bytes, what }
    }

    pub(super) fn take(&mut self, count: usize) -> Answer<&'a [u8]> {
        let Some((taken, rest)) = self.bytes.split_at_checked(count) else {
            return Err(Fault::Malformed(format!("{} message ends early", self.what)));
        };
        self.bytes = rest;
        Ok(taken)
    }

    pub(super) fn number(&mut self, width: usize) -> Answer<u64> {
        self.take(width).map(little_endian)
    }

    pub(super) fn byte(&mut self) -> Answer<u8> {
        self.number(1).map(|byte| byte as u8)
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn version<T>(&self, version: u8) -> Answer<T> {
        Err(Fault::Unsupported(format!("a {} message of version {version}", self.what)))
    }
}

/// A dataspace (IV.A.2.b).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Space {
    /// `None` for a null dataspace.
    pub(super) shape: Option<Vec<u64>>,
    /// How far each axis may grow, if the file says.
    pub(super) max_shape: Option<Vec<Option<u64>>>,
}

impl Space {
    pub(super) fn parse(bytes: &[u8], length_size: u8) -> Answer<Self> {
        let mut fields = Fields::new(bytes, "dataspace");
        let (version, rank, flags) = (fields.byte()?, usize::from(fields.byte()?), fields.byte()?);
        let null = match version {
            1 => {
                fields.take(5)?;
                false
            }
            2 => fields.byte()? == 2,
            _ => return fields.version(version),
        };
        if null {
            return Ok(Space { shape: None, max_shape: None });
        }
        if rank > MAX_RANK {
            return Err(Fault::Malformed(format!("dataspace of {rank} axes")));
        }
        let width = usize::from(length_size);
        let mut extents = || (0..rank).map(|_| fields.number(width)).collect::<Answer<Vec<u64>>>();
        let shape = extents()?;
        let endless = u64::MAX >> (64 - 8 * width.clamp(1, 8));
        let max_shape = if flags & 1 == 0 {
            None
        } else {
            Some(extents()?.into_iter().map(|extent| (extent != endless).then_some(extent)).collect())
        };
        Ok(Space { shape: Some(shape), max_shape })
    }

    /// Number of elements; `None` beyond 2⁶⁴.
    pub(super) fn elements(&self) -> Option<u64> {
        let Some(shape) = &self.shape else { return Some(0) };
        if shape.contains(&0) {
            return Some(0);
        }
        shape.iter().try_fold(1u64, |product, extent| product.checked_mul(*extent))
    }
}

/// The value in a fill-value message (IV.A.2.f), or in an old one (IV.A.2.e).
pub(super) fn fill(bytes: &[u8], old: bool) -> Answer<Option<Vec<u8>>> {
    let mut fields = Fields::new(bytes, "fill value");
    if !old {
        let version = fields.byte()?;
        let defined = match version {
            1 | 2 => {
                fields.take(2)?;
                // Version 1 has a size whether a value is defined or not.
                fields.byte()? != 0 || version == 1
            }
            3 => fields.byte()? & 0x20 != 0,
            _ => return fields.version(version),
        };
        if !defined {
            return Ok(None);
        }
    }
    let size = fields.number(4)? as u32;
    match usize::try_from(size.cast_signed()) {
        Ok(0) | Err(_) => Ok(None),
        Ok(size) => Ok(Some(fields.take(size)?.to_vec())),
    }
}

/// The filters of a pipeline (IV.A.2.l).
pub(super) fn filters(bytes: &[u8]) -> Answer<Vec<RawFilter>> {
    let mut fields = Fields::new(bytes, "filter pipeline");
    let (version, count) = (fields.byte()?, fields.byte()?);
    match version {
        1 => fields.take(6).map(|_| ())?,
        2 => {}
        _ => return fields.version(version),
    }
    let mut filters = Vec::new();
    for _ in 0..count {
        let id = fields.number(2)? as u16;
        let named = version == 1 || id >= 256;
        let length = if named { fields.number(2)? as usize } else { 0 };
        let (_flags, values) = (fields.number(2)?, fields.number(2)? as usize);
        let padded = if version == 1 { length.next_multiple_of(8) } else { length };
        let name = fields.take(padded)?;
        let name = &name[..name.iter().position(|byte| *byte == 0).unwrap_or(name.len())];
        let name = (!name.is_empty()).then(|| String::from_utf8_lossy(name).into_owned());
        let parameters = (0..values).map(|_| Ok(fields.number(4)? as u32)).collect::<Answer<_>>()?;
        if version == 1 && values % 2 == 1 {
            fields.take(4)?;
        }
        filters.push((id, name, parameters));
    }
    Ok(filters)
}

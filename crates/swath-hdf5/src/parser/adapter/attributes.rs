//! Attributes: in the header, or in a fractal heap of their own (HDF5 specification IV.A.2.m and IV.A.2.v).

use bytes::Bytes;

use super::header::{Header, kind};
use super::message::{Fields, Space};
use super::{AdaptedFile, Answer, upstream};
use crate::datatype::parse_message;
use crate::parser::{Attempt, Fault, RawAttribute};

impl AdaptedFile {
    /// All attributes of an object, in the order of the file.
    pub(super) fn all_attributes(&self, header: &Header) -> Answer<Vec<Attempt>> {
        let mut attributes = Vec::new();
        for message in &header.messages {
            match message.kind {
                kind::ATTRIBUTE => attributes.push(match self.resolved(message) {
                    Ok(bytes) => self.attribute(&bytes),
                    Err(fault) => Err((String::new(), fault)),
                }),
                kind::ATTRIBUTE_INFO => attributes.extend(self.dense_attributes(&message.data)?),
                _ => {}
            }
        }
        Ok(attributes)
    }

    fn dense_attributes(&self, info: &[u8]) -> Answer<Vec<Attempt>> {
        let width = usize::from(self.widths().0);
        let mut fields = Fields::new(info, "attribute info");
        let (_version, flags) = (fields.byte()?, fields.byte()?);
        if flags & 1 != 0 {
            fields.take(2)?;
        }
        let (heap, tree) = (fields.number(width)?, fields.number(width)?);
        let Some(mut dense) = self.dense(heap, tree)? else { return Ok(Vec::new()) };
        let mut attributes = Vec::new();
        for record in std::mem::take(&mut dense.records) {
            let upstream::btree_v2::BTreeV2Record::AttributeNameHash {
                heap_id, flags, creation_order, ..
            } = record
            else {
                continue;
            };
            // Bit 1: the attribute itself is shared, and in the heap of the file.
            let bytes = if flags & 2 != 0 {
                self.in_heap(kind::ATTRIBUTE, &heap_id)
            } else {
                self.in_dense(&mut dense, &heap_id).map(Bytes::from)
            };
            let attribute = match bytes {
                Ok(bytes) => self.attribute(&bytes),
                Err(fault) => Err((String::new(), fault)),
            };
            attributes.push((creation_order, attribute));
        }
        attributes.sort_by_key(|(order, _)| *order);
        Ok(attributes.into_iter().map(|(_, attribute)| attribute).collect())
    }

    /// An attribute from the bytes of its message.
    fn attribute(&self, bytes: &[u8]) -> Attempt {
        let mut fields = Fields::new(bytes, "attribute");
        let (name, parts) = Parts::parse(&mut fields).map_err(|fault| (String::new(), fault))?;
        self.described(name.clone(), &parts).map_err(|fault| (name, fault))
    }

    fn described(&self, name: String, parts: &Parts<'_>) -> Answer<RawAttribute> {
        let datatype = if parts.type_shared {
            self.referred(kind::DATATYPE, parts.datatype)?
        } else {
            Bytes::copy_from_slice(parts.datatype)
        };
        let space = if parts.space_shared {
            self.referred(kind::DATASPACE, parts.space)?
        } else {
            Bytes::copy_from_slice(parts.space)
        };
        let datatype = parse_message(&datatype).map_err(Fault::Malformed)?;
        let space = Space::parse(&space, self.widths().1)?;
        let length = space.elements().and_then(|count| count.checked_mul(datatype.size()));
        let length = length.and_then(|length| usize::try_from(length).ok());
        let values = length.and_then(|length| parts.values.get(..length)).ok_or_else(|| {
            Fault::Malformed(format!("attribute has {} bytes of values for its shape", parts.values.len()))
        })?;
        Ok(RawAttribute { name, datatype, shape: space.shape, bytes: values.to_vec() })
    }
}

/// The parts of an attribute message.
struct Parts<'a> {
    datatype: &'a [u8],
    type_shared: bool,
    space: &'a [u8],
    space_shared: bool,
    values: &'a [u8],
}

impl<'a> Parts<'a> {
    fn parse(fields: &mut Fields<'a>) -> Answer<(String, Self)> {
        let (version, flags) = (fields.byte()?, fields.byte()?);
        if !(1..=3).contains(&version) {
            return fields.version(version);
        }
        let mut size = || fields.number(2).map(|size| size as usize);
        let (name, datatype, space) = (size()?, size()?, size()?);
        if version == 3 {
            fields.byte()?;
        }
        // Version 1 fills each part up to a multiple of eight bytes and shares none.
        let padded = |length: usize| if version == 1 { length.next_multiple_of(8) } else { length };
        let name = fields.take(padded(name))?;
        let name = &name[..name.iter().position(|byte| *byte == 0).unwrap_or(name.len())];
        let datatype = fields.take(padded(datatype))?;
        let space = fields.take(padded(space))?;
        let shares = |bit: u8| version > 1 && flags & bit != 0;
        let parts =
            Parts { datatype, type_shared: shares(1), space, space_shared: shares(2), values: fields.rest() };
        Ok((String::from_utf8_lossy(name).into_owned(), parts))
    }
}

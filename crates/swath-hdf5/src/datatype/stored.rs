//! The stored form of a [`DataType`]: a flat list of nodes, parents before children.
//!
//! A nested form would let damaged bytes nest it without end; here the depth is checked while the tree is
//! put together again.

use serde::{Deserialize, Serialize};

use super::message::MAX_PARTS;
use super::{ByteOrder, Charset, DataType, FloatFormat, Integer, MAX_DEPTH, Member, Padding, ReferenceKind};

/// All nodes of one type, in preorder.
#[derive(Serialize, Deserialize)]
pub(crate) struct Nodes(Vec<Node>);

#[derive(Serialize, Deserialize)]
enum Node {
    Integer(Integer),
    Float(u32, ByteOrder, FloatFormat),
    Complex([String; 2], u32, ByteOrder),
    FixedString(u32, Padding, Charset),
    VariableString(Charset, u32),
    Enum(Vec<(String, Vec<u8>)>),
    Compound(u32, Vec<(String, u32)>),
    Array(Vec<u32>),
    Sequence(u32),
    Bitfield(u32, ByteOrder),
    Opaque(u32, String),
    Reference(ReferenceKind, u32),
}

impl From<DataType> for Nodes {
    fn from(datatype: DataType) -> Self {
        let mut nodes = Vec::new();
        flatten(datatype, &mut nodes);
        Nodes(nodes)
    }
}

fn flatten(datatype: DataType, nodes: &mut Vec<Node>) {
    match datatype {
        DataType::Integer(integer) => nodes.push(Node::Integer(integer)),
        DataType::Float { size, order, format } => nodes.push(Node::Float(size, order, format)),
        DataType::Complex { names, part_size, order } => nodes.push(Node::Complex(names, part_size, order)),
        DataType::FixedString { size, padding, charset } => {
            nodes.push(Node::FixedString(size, padding, charset));
        }
        DataType::VariableString { charset, size } => nodes.push(Node::VariableString(charset, size)),
        DataType::Enum { base, members } => {
            nodes.push(Node::Enum(members));
            flatten(*base, nodes);
        }
        DataType::Compound { size, members } => {
            let heads = members.iter().map(|member| (member.name.clone(), member.offset)).collect();
            nodes.push(Node::Compound(size, heads));
            for member in members {
                flatten(member.datatype, nodes);
            }
        }
        DataType::Array { base, shape } => {
            nodes.push(Node::Array(shape));
            flatten(*base, nodes);
        }
        DataType::Sequence { base, size } => {
            nodes.push(Node::Sequence(size));
            flatten(*base, nodes);
        }
        DataType::Bitfield { size, order } => nodes.push(Node::Bitfield(size, order)),
        DataType::Opaque { size, tag } => nodes.push(Node::Opaque(size, tag)),
        DataType::Reference { kind, size } => nodes.push(Node::Reference(kind, size)),
    }
}

impl TryFrom<Nodes> for DataType {
    type Error = &'static str;

    fn try_from(nodes: Nodes) -> Result<Self, Self::Error> {
        let mut rest = nodes.0.into_iter();
        let datatype = rebuild(&mut rest, 0)?;
        if rest.next().is_some() {
            return Err("stored type has nodes left over");
        }
        if datatype.size() == 0 || datatype.size() > u64::from(u32::MAX) {
            return Err("stored type has an impossible size");
        }
        if datatype.unit().parts() > MAX_PARTS {
            return Err("stored type has too many numbers in one element");
        }
        Ok(datatype)
    }
}

fn rebuild(nodes: &mut std::vec::IntoIter<Node>, depth: usize) -> Result<DataType, &'static str> {
    if depth > MAX_DEPTH {
        return Err("stored type is nested too deeply");
    }
    Ok(match nodes.next().ok_or("stored type ends early")? {
        Node::Integer(integer) => DataType::Integer(integer),
        Node::Float(size, order, format) => DataType::Float { size, order, format },
        Node::Complex(names, part_size, order) => DataType::Complex { names, part_size, order },
        Node::FixedString(size, padding, charset) => DataType::FixedString { size, padding, charset },
        Node::VariableString(charset, size) => DataType::VariableString { charset, size },
        Node::Enum(members) => DataType::Enum { base: Box::new(rebuild(nodes, depth + 1)?), members },
        Node::Compound(size, heads) => rebuild_compound(size, heads, nodes, depth)?,
        Node::Array(shape) => DataType::Array { base: Box::new(rebuild(nodes, depth + 1)?), shape },
        Node::Sequence(size) => DataType::Sequence { base: Box::new(rebuild(nodes, depth + 1)?), size },
        Node::Bitfield(size, order) => DataType::Bitfield { size, order },
        Node::Opaque(size, tag) => DataType::Opaque { size, tag },
        Node::Reference(kind, size) => DataType::Reference { kind, size },
    })
}

fn rebuild_compound(
    size: u32,
    heads: Vec<(String, u32)>,
    nodes: &mut std::vec::IntoIter<Node>,
    depth: usize,
) -> Result<DataType, &'static str> {
    let mut members = Vec::new();
    for (name, offset) in heads {
        let datatype = rebuild(nodes, depth + 1)?;
        if u64::from(offset).saturating_add(datatype.size()) > u64::from(size) {
            return Err("stored compound has a member outside of it");
        }
        members.push(Member { name, offset, datatype });
    }
    Ok(DataType::Compound { size, members })
}

//! Blosc chunks (filter 32001, and what Blosc2 frames are made of): blocks, each of one or more compressed streams,
//! shuffled by bytes or bits.

use super::bit_planes::{GROUP, gathered};
use super::blosc2::same_value;
use super::{Reader, blosclz, buffer, deflate, lz4, unshuffled, zstd};

/// Bits of the flags.
const SHUFFLED: u8 = 0x01;
const COPIED: u8 = 0x02;
const BIT_SHUFFLED: u8 = 0x04;
const WHOLE_BLOCKS: u8 = 0x10;
/// Both marks of shuffling together mean the longer header of Blosc2.
const EXTENDED: u8 = SHUFFLED | BIT_SHUFFLED;
/// Most streams of a block of the first generation, and fewest elements of each.
const MAX_STREAMS: usize = 16;
const MIN_STREAM: usize = 128;
/// Format of the first generation, whose bits are shuffled only where they fill bytes.
const FIRST_GENERATION: u8 = 2;

/// Steps of the pipeline of Blosc2 by number.
const BYTE_SHUFFLE: u8 = 1;
const BIT_SHUFFLE: u8 = 2;
const DELTA: u8 = 3;
const TRUNCATION: u8 = 4;

pub(super) fn undo(stored: &[u8], _parameters: &[u32], most: usize) -> Result<Vec<u8>, String> {
    chunk(stored, most)
}

/// The head of a chunk, and what follows it.
struct Head<'a> {
    chunk: &'a [u8],
    rest: &'a [u8],
    generation: u8,
    flags: u8,
    element: usize,
    length: usize,
    block: usize,
    /// Steps with their settings, in the order of writing.
    steps: Vec<(u8, u8)>,
    /// Flags of Blosc2.
    more: u8,
}

impl<'a> Head<'a> {
    fn parse(chunk: &'a [u8]) -> Result<Self, String> {
        let mut reader = Reader::new(chunk);
        let [generation, _, flags, element] = reader.array()?;
        let [length, block, stored] =
            [reader.array()?, reader.array()?, reader.array()?].map(u32::from_le_bytes);
        if generation > 5 {
            return Err(format!("chunk of format {generation}"));
        }
        let chunk = chunk.get(..stored as usize).ok_or("stored bytes end early")?;
        let mut reader = Reader::new(chunk.get(16..).ok_or("chunk shorter than its head")?);
        let (mut steps, mut more) = (Vec::new(), 0);
        if flags & EXTENDED == EXTENDED {
            let extension: [u8; 16] = reader.array()?;
            steps.extend((0..6).map(|slot| (extension[slot], extension[8 + slot])));
            more = extension[15];
        } else if flags & SHUFFLED != 0 {
            steps.push((BYTE_SHUFFLE, 0));
        } else if flags & BIT_SHUFFLED != 0 {
            steps.push((BIT_SHUFFLE, 0));
        }
        Ok(Head {
            chunk,
            rest: reader.bytes,
            generation,
            flags,
            element: usize::from(element).max(1),
            length: length as usize,
            block: block as usize,
            steps,
            more,
        })
    }
}

/// One chunk of `most` bytes or fewer.
pub(super) fn chunk(stored: &[u8], most: usize) -> Result<Vec<u8>, String> {
    let head = Head::parse(stored)?;
    let mut output = buffer(head.length as u64, most)?;
    if head.more >> 4 & 7 != 0 {
        return special(&head, output);
    }
    if head.more & 1 != 0 {
        return Err("streams compressed with a dictionary".to_owned());
    }
    if head.flags & COPIED != 0 {
        output.extend_from_slice(Reader::new(head.rest).take(head.length)?);
        return Ok(output);
    }
    if head.length == 0 {
        return Ok(output);
    }
    if head.block == 0 || head.block > head.length.next_multiple_of(head.element).max(1 << 16) {
        return Err(format!("blocks of {} bytes in a chunk of {}", head.block, head.length));
    }
    let mut starts = Reader::new(head.rest);
    for _ in 0..head.length.div_ceil(head.block) {
        let start = u32::from_le_bytes(starts.array()?) as usize;
        let length = head.block.min(head.length - output.len());
        let block = streams(&head, head.chunk.get(start..).ok_or("block starts past the end")?, length)?;
        let block = unstepped(&head, block, &output)?;
        output.extend(block);
    }
    Ok(output)
}

/// A chunk of which all values are the same.
fn special(head: &Head<'_>, mut output: Vec<u8>) -> Result<Vec<u8>, String> {
    let value = match head.more >> 4 & 7 {
        3 => Reader::new(head.rest).take(head.element)?.to_vec(),
        kind => same_value(kind, head.element as u32)?,
    };
    output.extend(value.iter().cycle().take(head.length));
    Ok(output)
}

/// The streams of one block, decompressed and put together.
fn streams(head: &Head<'_>, bytes: &[u8], length: usize) -> Result<Vec<u8>, String> {
    let first = head.generation <= FIRST_GENERATION;
    let split = head.flags & WHOLE_BLOCKS == 0
        && length == head.block
        && (!first || head.element <= MAX_STREAMS && head.block / head.element >= MIN_STREAM);
    let count = if split { head.element } else { 1 };
    let stream_length = length / count;
    let mut reader = Reader::new(bytes);
    let mut block = Vec::with_capacity(length);
    for _ in 0..count {
        let stored = i32::from_le_bytes(reader.array()?);
        match usize::try_from(stored) {
            Ok(0) if !first => block.resize(block.len() + stream_length, 0),
            Ok(stored) if stored == stream_length => block.extend_from_slice(reader.take(stored)?),
            Ok(stored) => {
                let stream = decompressed(head.flags >> 5, reader.take(stored)?, stream_length)?;
                if stream.len() != stream_length {
                    return Err(format!("stream gives {} bytes and not {stream_length}", stream.len()));
                }
                block.extend(stream);
            }
            // A run of one byte, which is the number itself.
            Err(_) => match (reader.byte()? & 1, u8::try_from(-i64::from(stored))) {
                (1, Ok(value)) => block.resize(block.len() + stream_length, value),
                _ => return Err(format!("stream of {stored} bytes")),
            },
        }
    }
    // What elements of whole bytes leave over of a block belongs to no stream.
    if block.len() == length { Ok(block) } else { Err("block of a broken number of elements".to_owned()) }
}

fn decompressed(codec: u8, bytes: &[u8], length: usize) -> Result<Vec<u8>, String> {
    match codec {
        0 => blosclz::stream(bytes, length),
        1 => lz4::block_of(bytes, length),
        3 => deflate::undo(bytes, length),
        4 => zstd::frame(bytes, length),
        2 => Err("Snappy streams".to_owned()),
        _ => Err("streams of a compressor of the writer's own".to_owned()),
    }
}

/// Undoes the steps that a block went through before it was compressed.
///
/// `before` is what the blocks before it gave.
fn unstepped(head: &Head<'_>, mut block: Vec<u8>, before: &[u8]) -> Result<Vec<u8>, String> {
    for (step, setting) in head.steps.iter().rev() {
        let element = if *setting == 0 { head.element } else { usize::from(*setting) };
        match *step {
            0 | TRUNCATION => {}
            BYTE_SHUFFLE => block = unshuffled(&block, element),
            BIT_SHUFFLE => {
                let elements = block.len() / element;
                let whole = elements - elements % GROUP;
                if head.generation <= FIRST_GENERATION && whole != elements {
                    continue;
                }
                let mut output = block.clone();
                gathered(&block[..whole * element], element, &mut output[..whole * element]);
                block = output;
            }
            DELTA => undo_delta(&mut block, before, head.element),
            other => return Err(format!("filter {other} of Blosc2")),
        }
    }
    Ok(block)
}

/// Differences, by exclusive or, to the first block; in that block, to the element before.
fn undo_delta(block: &mut [u8], before: &[u8], element: usize) {
    if before.is_empty() {
        let width = match element {
            1 | 2 | 4 => element,
            _ if element.is_multiple_of(8) => 8,
            _ => 1,
        };
        let whole = block.len() - block.len() % width;
        for at in width..whole {
            block[at] ^= block[at - width];
        }
    } else {
        block.iter_mut().zip(before).for_each(|(byte, first)| *byte ^= first);
    }
}

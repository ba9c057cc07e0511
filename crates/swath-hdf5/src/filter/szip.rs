//! Szip (filter 4): the lossless compression of CCSDS 121.0-B, extended-Rice coding of blocks of samples.

use super::{Reader, buffer};

/// Bits of the options mask.
const MSB: u32 = 16;
const NEAREST_NEIGHBOUR: u32 = 32;
/// Number of zero blocks that stands for "to the end of the segment" (CCSDS 121.0-B, 3.6).
const REMAINDER_OF_SEGMENT: u64 = 5;
/// Blocks of a segment.
const SEGMENT: usize = 64;
/// Longest run of zero bits that a sound stream has.
const MAX_RUN: u64 = 1 << 34;

/// Parameters: options mask, samples of a block, bits of a sample, samples of a scanline.
pub(super) fn undo(stored: &[u8], parameters: &[u32], most: usize) -> Result<Vec<u8>, String> {
    let [options, block, bits, scanline, ..] = parameters else {
        return Err("too few parameters".to_owned());
    };
    let (block, scanline) = (*block as usize, *scanline as usize);
    let mut reader = Reader::new(stored);
    let length = u32::from_le_bytes(reader.array()?);
    buffer(u64::from(length), most)?;
    let length = length as usize;
    // Samples of 32 and 64 bits are stored as planes of bytes.
    let planes = match bits {
        32 | 64 => *bits as usize / 8,
        1..=24 => 1,
        _ => return Err(format!("samples of {bits} bits")),
    };
    let bits = if planes > 1 { 8 } else { *bits };
    let bytes = match bits {
        1..=8 => 1,
        9..=16 => 2,
        _ => 4,
    };
    if block == 0 || block > 256 || scanline == 0 || scanline > 1 << 20 {
        return Err(format!("blocks of {block} samples in scanlines of {scanline}"));
    }
    let blocks = scanline.div_ceil(block);
    let mut decoder = Decoder {
        bits: BitReader { bytes: reader.bytes, at: 0 },
        width: bits,
        block,
        blocks,
        predicts: options & NEAREST_NEIGHBOUR != 0,
    };
    let mut output = Vec::with_capacity(length);
    let mut line = Vec::with_capacity(blocks * block);
    while output.len() < length {
        line.clear();
        let wanted = scanline.min((length - output.len()).div_ceil(bytes));
        decoder.scanline(&mut line, wanted)?;
        for sample in line.iter().take(scanline) {
            let big = sample.to_be_bytes();
            let bytes_of = &big[4 - bytes..];
            if options & MSB != 0 {
                output.extend_from_slice(bytes_of);
            } else {
                output.extend(bytes_of.iter().rev());
            }
        }
    }
    output.truncate(length);
    Ok(if planes > 1 { super::unshuffled(&output, planes) } else { output })
}

struct Decoder<'a> {
    bits: BitReader<'a>,
    /// Bits of a sample.
    width: u32,
    /// Samples of a block.
    block: usize,
    /// Blocks from one reference sample to the next.
    blocks: usize,
    /// Whether differences from the sample before are stored.
    predicts: bool,
}

impl Decoder<'_> {
    /// Decodes the blocks of one scanline, at least `wanted` samples of it.
    fn scanline(&mut self, samples: &mut Vec<u32>, wanted: usize) -> Result<(), String> {
        let mut number = 0;
        while number < self.blocks && samples.len() < wanted {
            number += self.coded(samples, number)?;
        }
        if self.predicts {
            self.unpredict(samples);
        }
        Ok(())
    }

    /// Decodes one coded block, which may stand for many blocks of zeros; how many blocks it was.
    fn coded(&mut self, samples: &mut Vec<u32>, number: usize) -> Result<usize, String> {
        let id_bits = match self.width {
            1..=8 => 3,
            9..=16 => 4,
            _ => 5,
        };
        let id = self.bits.take(id_bits)?;
        let uncompressed = (1 << id_bits) - 1;
        let end = samples.len() + self.block;
        if id == 0 {
            return self.low_entropy(samples, number, end);
        }
        if id != uncompressed {
            self.reference(samples, number)?;
        }
        let first = samples.len();
        if id == uncompressed {
            for _ in first..end {
                samples.push(self.bits.take(self.width)?);
            }
            return Ok(1);
        }
        // Split samples: the high parts of all in unary, then the low parts of all.
        let low = id - 1;
        for _ in first..end {
            let high = self.bits.unary()?;
            samples.push((high << low) as u32);
        }
        for sample in &mut samples[first..end] {
            *sample |= self.bits.take(low)?;
        }
        Ok(1)
    }

    /// The reference sample, which begins a scanline of differences.
    fn reference(&mut self, samples: &mut Vec<u32>, number: usize) -> Result<(), String> {
        if self.predicts && number == 0 {
            samples.push(self.bits.take(self.width)?);
        }
        Ok(())
    }

    /// Blocks of zeros, or pairs of small samples.
    fn low_entropy(&mut self, samples: &mut Vec<u32>, number: usize, end: usize) -> Result<usize, String> {
        let pairs = self.bits.take(1)? == 1;
        self.reference(samples, number)?;
        if pairs {
            // Odd where a reference sample stands in place of the first of a pair.
            let mut place = (self.block - (end - samples.len())) % self.block;
            while samples.len() < end {
                let (first, second) = pair(self.bits.unary()?)?;
                if place.is_multiple_of(2) {
                    samples.push(first);
                    place += 1;
                }
                samples.push(second);
                place += 1;
            }
            samples.truncate(end);
            return Ok(1);
        }
        let left = self.blocks - number;
        let run = self.bits.unary()? + 1;
        let blocks = match run.cmp(&REMAINDER_OF_SEGMENT) {
            std::cmp::Ordering::Less => run,
            std::cmp::Ordering::Equal => left.min(SEGMENT - number % SEGMENT) as u64,
            std::cmp::Ordering::Greater => run - 1,
        };
        if blocks > left as u64 {
            return Err("zero blocks past the end of a scanline".to_owned());
        }
        samples.resize(end + (blocks as usize - 1) * self.block, 0);
        Ok(blocks as usize)
    }

    /// Samples from their differences to the one before (CCSDS 121.0-B, 4.2 to 4.4).
    fn unpredict(&self, samples: &mut [u32]) {
        let greatest = u32::MAX >> (32 - self.width);
        let Some((first, rest)) = samples.split_first_mut() else { return };
        let mut last = *first;
        for sample in rest {
            let difference = *sample;
            let near = last.min(greatest - last);
            last = if difference / 2 < near || difference == near * 2 {
                if difference % 2 == 0 { last + difference / 2 } else { last - difference.div_ceil(2) }
            } else if near == last {
                difference
            } else {
                greatest.wrapping_sub(difference)
            } & greatest;
            *sample = last;
        }
    }
}

/// Two samples from the number of their pair on the triangle of sums.
fn pair(number: u64) -> Result<(u32, u32), String> {
    /// Greatest sum that the code has.
    const MAX_SUM: u64 = 13;
    let (mut sum, mut before) = (0, 0);
    while before + sum < number {
        before += sum + 1;
        sum += 1;
        if sum > MAX_SUM {
            return Err(format!("pair {number} of samples is outside of the code"));
        }
    }
    let second = number - before;
    Ok(((sum - second) as u32, second as u32))
}

struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl BitReader<'_> {
    /// The next bits as a number, the highest first; at most 32.
    fn take(&mut self, count: u32) -> Result<u32, String> {
        let end = self.at + count as usize;
        if end > self.bytes.len() * 8 {
            return Err("stored bits end early".to_owned());
        }
        let mut value = 0u64;
        let first = self.at / 8;
        for byte in &self.bytes[first..end.div_ceil(8)] {
            value = value << 8 | u64::from(*byte);
        }
        value >>= end.div_ceil(8) * 8 - end;
        self.at = end;
        Ok((value & ((1u64 << count) - 1)) as u32)
    }

    /// Zero bits before the next one bit.
    fn unary(&mut self) -> Result<u64, String> {
        let mut zeros = 0;
        loop {
            let byte = *self.bytes.get(self.at / 8).ok_or("stored bits end early")?;
            let rest = byte << (self.at % 8);
            if rest != 0 {
                let run = rest.leading_zeros();
                self.at += run as usize + 1;
                return Ok(zeros + u64::from(run));
            }
            let run = 8 - self.at % 8;
            zeros += run as u64;
            self.at += run;
            if zeros > MAX_RUN {
                return Err("run of zero bits without end".to_owned());
            }
        }
    }
}

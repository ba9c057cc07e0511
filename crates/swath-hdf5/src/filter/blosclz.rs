//! BloscLZ, the compression that Blosc brings along: runs of literals, and copies from up to 73 KiB back.

use super::lzf::copy_back;
use super::{Reader, too_much};

/// Distance beyond which sixteen more bits follow.
const FAR: usize = 8191;

/// A stream of `most` bytes or fewer.
pub(super) fn stream(stored: &[u8], most: usize) -> Result<Vec<u8>, String> {
    let mut reader = Reader::new(stored);
    let mut output = Vec::with_capacity(most);
    // The first control byte has its high bits used as a mark, and always begins literals.
    let mut control = usize::from(reader.byte()?) & 31;
    loop {
        if control < 32 {
            let literals = reader.take(control + 1)?;
            if output.len() + literals.len() > most {
                return Err(too_much(most));
            }
            output.extend_from_slice(literals);
        } else {
            let (length, back) = copy(control, &mut reader)?;
            if length > most - output.len() {
                return Err(too_much(most));
            }
            copy_back(&mut output, back, length)?;
        }
        match reader.byte() {
            Ok(next) => control = usize::from(next),
            Err(_) => return Ok(output),
        }
    }
}

/// Length and distance of a copy.
fn copy(control: usize, reader: &mut Reader<'_>) -> Result<(usize, usize), String> {
    let mut length = (control >> 5) - 1;
    if length == 6 {
        loop {
            let more = reader.byte()?;
            length += usize::from(more);
            if more != 255 {
                break;
            }
        }
    }
    let high = (control & 31) << 8;
    let low = usize::from(reader.byte()?);
    let far = low == 255 && high == 31 << 8;
    let distance = if far { FAR + usize::from(u16::from_be_bytes(reader.array()?)) } else { high + low };
    Ok((length + 3, distance + 1))
}

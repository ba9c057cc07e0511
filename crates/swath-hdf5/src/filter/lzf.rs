//! LZF, h5py's own compression (filter 32000).

use super::{Reader, too_much};

/// Undoes liblzf: a control byte below 32 begins a run of literals, any other a copy from up to 8 KiB back.
pub(super) fn undo(stored: &[u8], _parameters: &[u32], most: usize) -> Result<Vec<u8>, String> {
    let mut reader = Reader::new(stored);
    let mut output = Vec::with_capacity(most);
    while let Ok(control) = reader.byte() {
        let (high, low) = (usize::from(control >> 5), usize::from(control & 31));
        if high == 0 {
            let literals = reader.take(low + 1)?;
            check(&output, literals.len(), most)?;
            output.extend_from_slice(literals);
            continue;
        }
        let length = 2 + if high == 7 { 7 + usize::from(reader.byte()?) } else { high };
        let back = (low << 8 | usize::from(reader.byte()?)) + 1;
        check(&output, length, most)?;
        copy_back(&mut output, back, length)?;
    }
    Ok(output)
}

fn check(output: &[u8], more: usize, most: usize) -> Result<(), String> {
    if output.len() + more > most { Err(too_much(most)) } else { Ok(()) }
}

/// Appends `length` bytes from `back` bytes before the end on; they may overlap what is appended.
pub(super) fn copy_back(output: &mut Vec<u8>, back: usize, length: usize) -> Result<(), String> {
    let from = output.len().checked_sub(back).ok_or("copy from before the beginning")?;
    if back == 0 {
        return Err("copy of what is not there yet".to_owned());
    }
    if back >= length {
        output.extend_from_within(from..from + length);
    } else {
        for at in from..from + length {
            output.push(output[at]);
        }
    }
    Ok(())
}

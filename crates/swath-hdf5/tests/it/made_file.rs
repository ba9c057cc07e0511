//! Files of the first generation, written structure by structure, sound or not.

/// A file under construction. Addresses are given out as structures are written.
pub(crate) struct MadeFile {
    bytes: Vec<u8>,
}

/// A chunked dataset of float32.
#[derive(Default)]
pub(crate) struct Chunks<'a> {
    /// Address of the tree; 0 for one that holds `stored` as its only chunk.
    pub(crate) tree: u64,
    pub(crate) shape: &'a [u64],
    pub(crate) chunk: &'a [u32],
    /// Number and parameters of each filter.
    pub(crate) filters: &'a [(u16, &'a [u32])],
    pub(crate) stored: Option<Vec<u8>>,
}

/// Entries of one symbol node; its count has 16 bits.
const NODE: usize = 60_000;

impl MadeFile {
    pub(crate) fn new() -> Self {
        MadeFile { bytes: vec![0; 96] }
    }

    /// The bytes of the file with this root group.
    pub(crate) fn finish(&self, root: u64) -> Vec<u8> {
        let mut file = MadeFile { bytes: self.bytes.clone() };
        file.bytes.resize(file.bytes.len().max(1024), 0);
        let size = file.bytes.len() as u64;
        file.put(0, b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0\x04\0\x10\0\0\0\0\0");
        file.put_words(24, &[0, u64::MAX, size, u64::MAX, 0, root]);
        file.bytes
    }

    /// Zeros at the end, aligned to eight bytes.
    pub(crate) fn allocate(&mut self, length: usize) -> u64 {
        let at = self.bytes.len().next_multiple_of(8);
        self.bytes.resize(at + length, 0);
        at as u64
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) -> u64 {
        let at = self.allocate(bytes.len());
        self.put(at, bytes);
        at
    }

    pub(crate) fn put(&mut self, at: u64, bytes: &[u8]) {
        self.bytes[at as usize..at as usize + bytes.len()].copy_from_slice(bytes);
    }

    pub(crate) fn put_words(&mut self, at: u64, words: &[u64]) {
        self.put(at, &words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>());
    }

    /// An object header of version 1 around message bytes, with whatever number of messages and length.
    pub(crate) fn header(&mut self, messages: u16, length: u32, bytes: &[u8]) -> u64 {
        let prefix =
            [&[1, 0][..], &messages.to_le_bytes(), &[1, 0, 0, 0], &length.to_le_bytes(), &[0; 4]].concat();
        let at = self.append(&prefix);
        self.append(bytes);
        at
    }

    /// An object with messages of these kinds.
    pub(crate) fn object(&mut self, messages: &[(u16, Vec<u8>)]) -> u64 {
        let mut bytes = Vec::new();
        for (kind, data) in messages {
            let padded = data.len().next_multiple_of(8);
            bytes.extend(kind.to_le_bytes());
            bytes.extend((padded as u16).to_le_bytes());
            bytes.extend([0; 4]);
            bytes.extend(data);
            bytes.resize(bytes.len() + padded - data.len(), 0);
        }
        self.header(messages.len() as u16, bytes.len() as u32, &bytes)
    }

    /// A group with hard links.
    pub(crate) fn group(&mut self, links: &[(&str, u64)]) -> u64 {
        let (heap, places) = self.heap(&links.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        let entries: Vec<[u64; 5]> =
            links.iter().zip(places).map(|((_, address), place)| [place, *address, 0, 0, 0]).collect();
        self.symbol_table(heap, &entries)
    }

    /// A group with soft links.
    pub(crate) fn soft_links(&mut self, links: &[(&str, &str)]) -> u64 {
        let texts: Vec<&str> = links.iter().flat_map(|(name, target)| [*name, *target]).collect();
        let (heap, places) = self.heap(&texts);
        let entries: Vec<[u64; 5]> =
            places.chunks(2).map(|places| [places[0], u64::MAX, 2, places[1], 0]).collect();
        self.symbol_table(heap, &entries)
    }

    /// A group whose only name is said to begin at a place of its heap.
    pub(crate) fn group_with_name_at(&mut self, address: u64, place: u64) -> u64 {
        let (heap, _) = self.heap(&["name"]);
        self.symbol_table(heap, &[[place, address, 0, 0, 0]])
    }

    /// A group with a tree of its own and a heap of these names.
    pub(crate) fn group_of(&mut self, tree: u64, names: &[&str]) -> u64 {
        let (heap, _) = self.heap(names);
        self.object(&[(0x11, [tree.to_le_bytes(), heap.to_le_bytes()].concat())])
    }

    /// A local heap of texts, and where each begins.
    fn heap(&mut self, texts: &[&str]) -> (u64, Vec<u64>) {
        let mut data = vec![0; 8];
        let mut places = Vec::new();
        for text in texts {
            places.push(data.len() as u64);
            data.extend(text.as_bytes());
            data.resize((data.len() + 1).next_multiple_of(8), 0);
        }
        let segment = self.append(&data);
        let heap = self.append(b"HEAP\0\0\0\0");
        self.allocate(24);
        self.put_words(heap + 8, &[data.len() as u64, 1, segment]);
        (heap, places)
    }

    fn symbol_table(&mut self, heap: u64, entries: &[[u64; 5]]) -> u64 {
        let nodes: Vec<u64> = entries.chunks(NODE).map(|entries| self.symbol_node(entries)).collect();
        let tree = self.allocate(24 + 16 * nodes.len() + 8);
        self.put(tree, b"TREE\0\0");
        self.put(tree + 6, &(nodes.len() as u16).to_le_bytes());
        self.put_words(tree + 8, &[u64::MAX, u64::MAX]);
        for (number, node) in nodes.iter().enumerate() {
            self.put_words(tree + 24 + 16 * number as u64, &[0, *node]);
        }
        self.object(&[(0x11, [tree.to_le_bytes(), heap.to_le_bytes()].concat())])
    }

    fn symbol_node(&mut self, entries: &[[u64; 5]]) -> u64 {
        let mut node = [&b"SNOD\x01\0"[..], &(entries.len() as u16).to_le_bytes()].concat();
        node.extend(entries.iter().flatten().flat_map(|word| word.to_le_bytes()));
        self.append(&node)
    }

    /// A contiguous dataset of float32.
    pub(crate) fn contiguous(&mut self, shape: &[u64], address: u64, size: u64) -> u64 {
        self.object(&[(1, dataspace(shape)), (3, float32()), (8, contiguous(address, size))])
    }

    /// A chunked dataset of float32.
    pub(crate) fn chunked(&mut self, chunks: &Chunks<'_>) -> u64 {
        let mut tree = chunks.tree;
        if tree == 0 {
            let stored = chunks.stored.clone().unwrap_or_default();
            let at = self.append(&stored);
            tree = self.leaf(chunks.shape.len(), &[(0, at, stored.len() as u32)]);
        }
        let mut layout = vec![3, 2, chunks.chunk.len() as u8 + 1];
        layout.extend(tree.to_le_bytes());
        layout.extend(chunks.chunk.iter().chain(&[4]).flat_map(|extent| extent.to_le_bytes()));
        self.object(&[
            (1, dataspace(chunks.shape)),
            (3, float32()),
            (0xb, pipeline(chunks.filters)),
            (8, layout),
        ])
    }

    /// A chunked dataset of one axis, with chunks of (first element, offset, size).
    pub(crate) fn chunks_at(&mut self, shape: &[u64], chunk: &[u32], stored: &[(u64, u64, u32)]) -> u64 {
        let tree = self.leaf(1, stored);
        self.chunked(&Chunks { tree, shape, chunk, ..Chunks::default() })
    }

    /// A collection of the global heap whose only object, number 1, is these bytes (specification III.E).
    pub(crate) fn heap_collection(&mut self, object: &[u8]) -> u64 {
        let padded = object.len().next_multiple_of(8);
        let at = self.allocate(32 + padded);
        self.put(at, b"GCOL\x01\0\0\0");
        self.put_words(at + 8, &[32 + padded as u64, 1 | 1 << 16, object.len() as u64]);
        self.put(at + 32, object);
        at
    }

    /// A leaf of a chunk tree.
    pub(crate) fn leaf(&mut self, rank: usize, chunks: &[(u64, u64, u32)]) -> u64 {
        let mut node = [&b"TREE\x01\0"[..], &(chunks.len() as u16).to_le_bytes(), &[0xff; 16]].concat();
        for (first, offset, size) in chunks {
            node.extend(size.to_le_bytes());
            node.extend([0; 4]);
            node.extend(first.to_le_bytes());
            node.resize(node.len() + 8 * rank, 0);
            node.extend(offset.to_le_bytes());
        }
        node.resize(node.len() + 8 + 8 * (rank + 1), 0);
        self.append(&node)
    }

    /// A tree of chunks of (first element along each axis, offset, size), in nodes of so many entries, and however
    /// many levels that takes. Its address.
    pub(crate) fn tree_of(&mut self, chunks: &[(Vec<u64>, u64, u32)], entries: usize) -> u64 {
        let rank = chunks.first().map_or(1, |(first, _, _)| first.len());
        let mut below: Vec<(Vec<u64>, u64, u32)> = chunks.to_vec();
        for level in 0.. {
            let nodes =
                below.chunks(entries).map(|items| (items[0].0.clone(), self.tree_node(level, items), 0));
            let nodes: Vec<(Vec<u64>, u64, u32)> = nodes.collect();
            if let [(_, root, _)] = &nodes[..] {
                return *root;
            }
            below = nodes;
        }
        unreachable!("a tree of {rank} axes has a root")
    }

    /// A node of a chunk tree. The key behind its last entry is all ones, as some writers leave it.
    fn tree_node(&mut self, level: u8, items: &[(Vec<u64>, u64, u32)]) -> u64 {
        let count = (items.len() as u16).to_le_bytes();
        let mut node = [&b"TREE\x01"[..], &[level], &count, &[0xff; 16]].concat();
        for (first, address, size) in items {
            node.extend(size.to_le_bytes());
            node.extend([0; 4]);
            node.extend(first.iter().chain(&[0]).flat_map(|at| at.to_le_bytes()));
            node.extend(address.to_le_bytes());
        }
        let key = 8 + 8 * (items[0].0.len() + 1);
        node.extend(vec![0xff; key]);
        self.append(&node)
    }

    /// A node of a chunk tree of one axis whose only child is itself, at a level.
    pub(crate) fn tree(&mut self, level: u8, stored: u32) -> u64 {
        let at = self.leaf(1, &[(0, 0, stored)]);
        self.put(at + 5, &[level]);
        self.put_words(at + 24 + 24, &[at]);
        at
    }
}

/// A dataspace message.
pub(crate) fn dataspace(shape: &[u64]) -> Vec<u8> {
    let mut message = vec![1, shape.len() as u8, 0, 0, 0, 0, 0, 0];
    message.extend(shape.iter().flat_map(|extent| extent.to_le_bytes()));
    message
}

/// A layout message of contiguous values.
pub(crate) fn contiguous(address: u64, size: u64) -> Vec<u8> {
    [&[3, 1][..], &address.to_le_bytes(), &size.to_le_bytes()].concat()
}

/// An attribute message of version 1, whose parts are padded to eight bytes.
pub(crate) fn attribute(name: &str, datatype: &[u8], dataspace: &[u8], values: &[u8]) -> Vec<u8> {
    let mut message = vec![1, 0];
    let name = [name.as_bytes(), &[0]].concat();
    for part in [&name[..], datatype, dataspace] {
        message.extend((part.len() as u16).to_le_bytes());
    }
    for part in [&name[..], datatype, dataspace] {
        message.extend(part);
        message.resize(message.len().next_multiple_of(8), 0);
    }
    message.extend(values);
    message
}

/// A datatype message of little-endian single floats.
pub(crate) fn float32() -> Vec<u8> {
    b"\x11\x20\x1f\0\x04\0\0\0\0\0\x20\0\x17\x08\0\x17\x7f\0\0\0".to_vec()
}

/// A filter pipeline message.
pub(crate) fn pipeline(filters: &[(u16, &[u32])]) -> Vec<u8> {
    let mut message = vec![1, filters.len() as u8, 0, 0, 0, 0, 0, 0];
    for (id, parameters) in filters {
        let words = [*id, 0, 0, parameters.len() as u16];
        message.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        message.extend(parameters.iter().flat_map(|word| word.to_le_bytes()));
        if parameters.len() % 2 == 1 {
            message.extend([0; 4]);
        }
    }
    message
}

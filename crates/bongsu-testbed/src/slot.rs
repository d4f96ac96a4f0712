//! Which of the 16384 slots of a cluster a key or a sharded channel belongs to.

/// Slots of every cluster.
pub const SLOTS: u16 = 16_384;

/// The slot of a key or channel: CRC16 (XMODEM) of the text between its first braces, if there is any, else of all.
/// The rule is the "Key distribution model" of the cluster specification of Valkey and Redis.
#[must_use]
pub fn slot_of(key: impl AsRef<[u8]>) -> u16 {
    crc16(hashed_part(key.as_ref())) % SLOTS
}

fn hashed_part(key: &[u8]) -> &[u8] {
    let Some(open) = key.iter().position(|byte| *byte == b'{') else { return key };
    let tag = &key[open + 1..];
    match tag.iter().position(|byte| *byte == b'}') {
        Some(close) if close > 0 => &tag[..close],
        _ => key,
    }
}

fn crc16(bytes: &[u8]) -> u16 {
    let mut crc = 0_u16;
    for byte in bytes {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            let carry = crc & 0x8000 != 0;
            crc <<= 1;
            if carry {
                crc ^= 0x1021;
            }
        }
    }
    crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specification_and_the_servers_agree() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(slot_of("foo"), 12_182);
        assert_eq!(slot_of("somekey"), 11_058);
    }

    #[test]
    fn only_the_text_between_the_first_braces_counts() {
        assert_eq!(slot_of("{foo}.a"), slot_of("foo"));
        assert_eq!(slot_of("a{foo}b{bar}"), slot_of("foo"));
        assert_ne!(slot_of("{}foo"), slot_of("foo"));
        assert_eq!(slot_of("a{foo"), crc16(b"a{foo") % SLOTS);
    }
}

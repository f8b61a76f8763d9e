//! Decoding of answers that may be hostile.
//!
//! The codec reserves memory for as many elements as an array's length says before it reads the first,
//! so a length that the rest of the frame cannot hold would abort the process. [`Guard`] refuses it.

use bytes::{Buf, Bytes, TryGetError};
use kafka_protocol::protocol::{Decodable, buf::ByteBuf};

/// Numbers that are not lengths (tags, booleans) stay below it.
const SLACK: usize = 256;
/// In the old encodings lengths look like any other number (broker ids, epochs): only one that is
/// both absurd and longer than the frame is refused.
const ABSURD: i32 = 1 << 24;

/// A frame whose lengths are held against what is left of it.
struct Guard {
    bytes: Bytes,
    /// Lengths are varints (the "flexible" versions); else they are 32-bit integers.
    flexible: bool,
    /// The varint being read, and its bits so far.
    varint: (u64, u32),
}

/// Decodes a body, or says that it is not one.
pub fn decode<T: Decodable>(bytes: Bytes, version: i16, flexible: bool) -> Result<T, String> {
    let mut guard = Guard { bytes, flexible, varint: (0, 0) };
    T::decode(&mut guard, version).map_err(|e| e.to_string().trim().to_owned())
}

impl Guard {
    fn refuse<T>(&self, requested: usize) -> Result<T, TryGetError> {
        Err(TryGetError { requested, available: self.bytes.remaining() })
    }
}

impl Buf for Guard {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.varint = (0, 0);
        self.bytes.advance(count);
    }

    fn try_get_u8(&mut self) -> Result<u8, TryGetError> {
        let byte = self.bytes.try_get_u8()?;
        let (sum, bits) = self.varint;
        let sum = sum | u64::from(byte & 0x7f) << bits;
        // The codec takes the fifth byte for the last, whatever it says.
        if byte >= 0x80 && bits < 28 {
            self.varint = (sum, bits + 7);
            return Ok(byte);
        }
        self.varint = (0, 0);
        if self.flexible && sum > (self.remaining() + SLACK) as u64 {
            return self.refuse(usize::try_from(sum).unwrap_or(usize::MAX));
        }
        Ok(byte)
    }

    fn try_get_i32(&mut self) -> Result<i32, TryGetError> {
        self.varint = (0, 0);
        let value = self.bytes.try_get_i32()?;
        if !self.flexible && value > ABSURD && value as usize > self.remaining() {
            return self.refuse(value as usize);
        }
        Ok(value)
    }
}

impl ByteBuf for Guard {
    fn peek_bytes(&mut self, range: std::ops::Range<usize>) -> Bytes {
        self.bytes.slice(range)
    }

    fn get_bytes(&mut self, size: usize) -> Bytes {
        self.varint = (0, 0);
        self.bytes.split_to(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_protocol::{
        messages::*,
        protocol::{HeaderVersion, Message},
    };
    use proptest::prelude::*;

    #[test]
    fn a_length_that_the_frame_cannot_hold_is_refused_before_memory_is_reserved() {
        // throttle_time_ms, then a compact array of 2^32 − 2 brokers.
        let flexible = Bytes::from_static(&[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]);
        assert!(decode::<MetadataResponse>(flexible, 12, true).is_err());
        // An array of 2^31 − 1 brokers.
        let old = Bytes::from_static(&[0x7f, 0xff, 0xff, 0xff]);
        assert!(decode::<MetadataResponse>(old, 0, false).is_err());
    }

    fn any_version<T: Decodable + Message + HeaderVersion>(bytes: &[u8]) {
        for version in T::VERSIONS.min..=T::VERSIONS.max {
            of_version::<T>(bytes, version, T::header_version(version) > 0);
        }
    }

    fn of_version<T: Decodable>(bytes: &[u8], version: i16, flexible: bool) {
        let _ = decode::<T>(Bytes::copy_from_slice(bytes), version, flexible);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0u8..4], 0..200)) {
            any_version::<MetadataResponse>(&bytes);
            any_version::<DescribeConfigsResponse>(&bytes);
            any_version::<ListOffsetsResponse>(&bytes);
            any_version::<DescribeLogDirsResponse>(&bytes);
            any_version::<ListGroupsResponse>(&bytes);
            any_version::<DescribeGroupsResponse>(&bytes);
            any_version::<ConsumerGroupDescribeResponse>(&bytes);
            any_version::<OffsetFetchResponse>(&bytes);
            any_version::<DescribeQuorumResponse>(&bytes);
            any_version::<ListPartitionReassignmentsResponse>(&bytes);
            any_version::<FindCoordinatorResponse>(&bytes);
            for version in 0..=3 {
                of_version::<ConsumerProtocolAssignment>(&bytes, version, false);
                of_version::<ApiVersionsResponse>(&bytes, version, version >= 3);
            }
        }
    }
}

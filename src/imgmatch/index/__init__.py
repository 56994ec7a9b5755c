"""Which originals are worth comparing with a suspect."""

from imgmatch.index.candidates import CandidateIndex
from imgmatch.index.descriptors import DescriptorIndex
from imgmatch.index.hashes import HashIndex

__all__ = ["CandidateIndex", "DescriptorIndex", "HashIndex"]

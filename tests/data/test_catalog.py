"""The facts about data sets."""

from cnnlab.data.catalog import DataFile


def test_the_size_of_a_file_is_its_header_and_a_byte_an_element():
    assert DataFile("a", "", (60_000, 28, 28)).byte_count == 47_040_016
    assert DataFile("a", "", (60_000,)).byte_count == 60_008

"""Write the index of the part files anew: run it after adding or changing a part."""

from avrdeck.boards.partindex import write_index

if __name__ == "__main__":
    write_index()

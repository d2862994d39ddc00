"""What a reader takes along: a page that opens from disk, a snippet that computes it again, a link."""

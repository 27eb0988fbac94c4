"""How a process that reads photos holds its memory."""

# Pixels of a photo of up to 13 Mpx are kept when they are given back; larger arrays go straight
# back to the kernel, and so does what is given back beyond the second number. More would be kept
# than is used again: with 64 MiB, 12 Mpx in float32 take 1.21 GiB, with this 1.17.
LARGEST_KEPT_BYTES = 40 * 2**20
MOST_KEPT_BYTES = 256 * 2**20

# For the environment of a process before it starts; C libraries other than glibc ignore it.
# One photo's arrays lie where the last one's lay: fresh memory comes page by page and, in a virtual
# machine, from its host, which is half of the time in which a photo of 12 Mpx passes the gate when
# memory is scarce. Large pages, which the network's own arrays would not get otherwise, spare 3 %
# of its time. One arena, since a photo is decoded by two threads and each would keep its own; each
# also reserves 64 MB of address space, which the limit on decoding counts.
ENVIRONMENT = {
    "GLIBC_TUNABLES": ":".join(
        [
            "glibc.malloc.hugetlb=1",
            f"glibc.malloc.mmap_threshold={LARGEST_KEPT_BYTES}",
            f"glibc.malloc.trim_threshold={MOST_KEPT_BYTES}",
            "glibc.malloc.arena_max=1",
        ]
    ),
}

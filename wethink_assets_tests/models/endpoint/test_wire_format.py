"""Encoded images of an endpoint: read once, kept within their memory, and taken from nobody by a caller that goes."""

import asyncio
import base64

from wethink_assets.models.chat import Image
from wethink_assets.models.endpoint.wire_format import EncodedImages


class Counted:
    """An image that counts how often it is read."""

    def __init__(self, number: int, data: bytes = b"pixels", fails: bool = False) -> None:
        self.reads = 0
        self.data = data
        self.fails = fails
        self.image = Image(f"{number:064x}", "image/jpeg", self.read)

    def read(self) -> bytes:
        self.reads += 1
        if self.fails:
            raise OSError("not there")
        return self.data


def encode(image: Image) -> bytes:
    return b"base64," + base64.b64encode(image.read())


def test_an_image_is_read_once_for_calls_at_a_time_and_in_a_row() -> None:
    one = Counted(1)

    async def work() -> None:
        images = EncodedImages(encode)
        parts = await asyncio.gather(*(images.get(one.image) for _ in range(20)))
        assert len(set(parts)) == 1 and await images.get(one.image) == parts[0]

    asyncio.run(work())
    assert one.reads == 1


def test_encoded_images_keep_to_their_memory_and_forget_the_oldest() -> None:
    images = [Counted(number, bytes(3000)) for number in range(10)]

    async def work() -> None:
        cache = EncodedImages(encode, max_bytes=13_000)  # three of them
        for counted in [*images, images[9], images[8], images[0]]:
            await cache.get(counted.image)

    asyncio.run(work())
    assert [counted.reads for counted in images] == [2, 1, 1, 1, 1, 1, 1, 1, 1, 1]


def test_an_image_that_cannot_be_read_is_tried_anew_by_the_next_call() -> None:
    one = Counted(1, fails=True)

    async def work() -> None:
        images = EncodedImages(encode)
        ended = await asyncio.gather(*(images.get(one.image) for _ in range(3)), return_exceptions=True)
        assert all(isinstance(end, OSError) for end in ended)
        one.fails = False
        assert b"base64," in await images.get(one.image)

    asyncio.run(work())
    assert one.reads == 2


def test_a_caller_that_goes_does_not_take_the_image_from_the_others() -> None:
    one = Counted(1)

    async def work() -> bytes:
        images = EncodedImages(encode)
        first = asyncio.create_task(images.get(one.image))
        second = asyncio.create_task(images.get(one.image))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert b"base64," in asyncio.run(work())
    assert one.reads == 1

"""Placement of servers: what fits on which GPUs and in RAM, and the figures of what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.errors import ConfigError
from wethink_assets.models.servers.memory import Gpu, Memory, ModelSize
from wethink_assets.models.servers.placement import Need, place, require_fit

H100 = 79.6
RAM = Memory(64.0, 60.0)


def gpus(*sizes: float) -> list[Gpu]:
    return [Gpu(index, "drawn", size, size) for index, size in enumerate(sizes)]


def need(server: str, gpus: int, share: float, weights: float = 1.0, kv: float = 1.0, replica: int = 0) -> Need:
    return Need(server, replica, gpus, share, ModelSize(weights, kv, "configuration"))


def test_servers_share_a_gpu_as_far_as_their_shares_go() -> None:
    both = [need("eyes", 1, 0.42), need("words", 1, 0.52)]
    assert place(both, gpus(H100)) == {("words", 0): (0,), ("eyes", 0): (0,)}
    assert place([*both, need("judge", 1, 0.1)], gpus(H100)) == need("judge", 1, 0.1)
    large = [need("eyes", 4, 0.9), need("words", 2, 0.9, replica=0), need("words", 2, 0.9, replica=1)]
    placed = place(large, gpus(*[H100] * 8))
    assert isinstance(placed, dict)
    used = [index for chosen in placed.values() for index in chosen]
    assert sorted(used) == list(range(8)), "each GPU once"


@given(
    st.lists(st.tuples(st.integers(1, 4), st.sampled_from([0.2, 0.3, 0.45, 0.5, 0.9])), max_size=8), st.integers(1, 8)
)
def test_no_gpu_is_promised_twice(wanted: list[tuple[int, float]], count: int) -> None:
    needs = [need(f"s{number}", number_of_gpus, share) for number, (number_of_gpus, share) in enumerate(wanted)]
    placed = place(needs, gpus(*[H100] * count))
    if isinstance(placed, Need):
        return
    for index in range(count):
        assert sum(one.share for one in needs if index in placed[one.server, one.replica]) <= 1.0001
    assert all(len(set(placed[one.server, 0])) == one.gpus for one in needs)


@pytest.mark.parametrize(
    ("needs", "sizes", "message"),
    [
        ([need("big", 2, 0.9, 145)], [H100] * 2, r"big on 2 GPUs with 90% of each: 76.0 GiB a GPU \(weights 145.0 and KV cache 1.0, over 2 GPUs, 3.0 besides; sizes from configuration\) does not fit into its share \(GPU 0: 71.6 of 79.6 GiB"),  # noqa: E501
        ([need("big", 4, 0.9)], [H100] * 2, r"big on 4 GPUs.*this machine: GPU 0 drawn 79.6 GiB, GPU 1"),
        ([need("a", 1, 0.6), need("b", 1, 0.6)], [H100], r"needed together and do not fit: server a .* server b .*no room is left for b on this machine: GPU 0 drawn 79.6 GiB"),  # noqa: E501
        ([need("a", 0, 0, 40), need("b", 0, 0, 40)], [], r"together 88.0 GiB, and this machine has 64.0 GiB of RAM"),
        ([need("gpu", 1, 0.9)], [], r"no such GPU"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_the_figures(needs: list[Need], sizes: list[float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        require_fit(needs, gpus(*sizes), RAM)


def test_what_fits_is_let_pass_and_unknown_sizes_are_not_guessed() -> None:
    require_fit([need("a", 1, 0.42, 15.5, 4), need("b", 1, 0.52, 27.5, 8)], gpus(H100), RAM)
    require_fit([Need("unknown", 0, 1, 0.9, None)], gpus(H100), RAM)
    require_fit([], [], RAM)

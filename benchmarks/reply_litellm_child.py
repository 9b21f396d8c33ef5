"""Run by `reply_litellm` where LiteLLM is installed: asks, and prints one line of JSON.

Two deployments, the second as the first one's fallback, both with the time that our router gives each; cooldowns are
off, so that every question meets the fault.
"""

import asyncio
import json
import statistics
import sys
import time
from typing import Any

SHARE = 1.75
LIMIT = 30.0


def plain(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum())


async def question(router: Any, answer: str) -> tuple[float, bool]:
    """Seconds to the first sentence, and whether the answer came whole."""
    began, first, text = time.perf_counter(), 0.0, ""
    messages = [{"role": "user", "content": "瓷器在哪里"}]
    try:
        async with asyncio.timeout(LIMIT):
            stream = await router.acompletion(model="first", messages=messages, stream=True)
            async for chunk in stream:
                text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
                if "。" in text:
                    first = first or time.perf_counter() - began
    except Exception:  # noqa: BLE001  whatever it raises, the visitor has heard what came until then
        return first or time.perf_counter() - began, False
    return first or time.perf_counter() - began, plain(text) == plain(answer)


async def fault(job: dict[str, Any], name: str) -> list[float]:
    from litellm import Router  # type: ignore[import-not-found]

    def deployment(model: str, path: str) -> dict[str, Any]:
        base = f"{job['url']}/{path}/v1"
        how = {"model": "openai/m", "api_base": base, "api_key": "none", "max_retries": 0}
        return {"model_name": model, "litellm_params": how}

    router = Router(
        model_list=[deployment("first", name), deployment("second", "good")], fallbacks=[{"first": ["second"]}],
        num_retries=0, timeout=SHARE, stream_timeout=SHARE, disable_cooldowns=True,
    )  # fmt: skip

    async def one(at: int) -> tuple[float, bool]:
        await asyncio.sleep(at * job["apart"])
        return await question(router, job["answer"])

    found = await asyncio.gather(*(one(at) for at in range(job["each"])))
    times = sorted(seconds * 1000 for seconds, _ in found)
    return [statistics.median(times), times[-1], 100 * statistics.mean(whole for _, whole in found)]


async def main() -> None:
    import litellm

    litellm.suppress_debug_info = True
    job = json.load(sys.stdin)
    print(json.dumps({name: await fault(job, name) for name in job["faults"]}))


if __name__ == "__main__":
    asyncio.run(main())

"""Records a visit as `visavis serve` does, and says on its standard output what must be on the disk by now.

Its parent kills it whenever it likes. A line is written when the writer says that all before it is with the operating
system: so many messages, events, samples of microphone and of speech.
"""

import json
import resource
import sys
from pathlib import Path

import numpy as np

from pipeline.audio import FRAME, Frame
from pipeline.clock import Clock, run_virtual
from pipeline.messages import Played, Sentence, SessionStarted, Speech, Transcript
from pipeline.recording.keeper import Keeper
from pipeline.recording.scribe import Scribe
from pipeline.recording.settings import Record

NOISE = np.random.default_rng(3).integers(-9000, 9000, 2_000_000).astype(np.int16)


async def main(clock: Clock) -> None:
    """Until it is killed."""
    scribe = Scribe(every=0.002)
    keeper = Keeper(Record(folder=Path(sys.argv[1])), clock, {}, scribe=scribe)
    tape = keeper.tapes({})("hall")
    tape.note("begin", "s1", sample=0)
    keeper.message(SessionStarted(session="s1", screen="hall", language="zh"))
    messages, spoken = 1, 0
    for number in range(4000):
        await clock.sleep(0.02)
        sample = number * FRAME
        tape.hear(Frame(sample, NOISE[sample : sample + FRAME]), 0.5)
        tape.note("timer", "s1", key=f"timer {number}")
        keeper.message(Transcript(session="s1", text=f"第{number}句", language="zh", confidence=0.5, index=number))
        messages += 1
        if number % 5 == 0:
            said = Sentence(session="s1", index=number, text="嗯", language="zh")
            pcm = NOISE[spoken : spoken + 1500].astype("<i2").tobytes()
            keeper.message(said.answer(Speech, index=number, part=0, start=0, last=True, pcm=pcm))
            keeper.message(Played(session="s1", cause=said.id, index=number, part=0, sample=1500, state="ended"))
            messages, spoken = messages + 2, spoken + 1500
        done = scribe.flush()
        if number % 3 == 0 and done.wait(30):
            told = {"messages": messages, "events": number + 2, "heard": sample + FRAME, "spoken": spoken}
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    if len(sys.argv) > 2:  # no file may be longer: a disk that is full
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
    run_virtual(main)

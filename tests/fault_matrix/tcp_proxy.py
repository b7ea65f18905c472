"""A TCP proxy that does to connections what networks do: delays, cuts, silence, resets, slowness,
bytes that come twice. It runs in a thread of its own; what is done to which connection is decided
by the row that it serves.
"""

import asyncio
import socket
import struct
import sys
import threading


class Plan:
    """What is done to one connection; by default nothing. `up` is towards the target."""

    def __init__(self, **changes):
        self.delay = 0.0            # seconds before each piece, both ways
        self.cut_up_after = None    # bytes that pass up, then both sides are closed
        self.reset_on_answer = False    # the first answer never passes: the client gets a reset,
        #                                 the target an end
        self.silent = False         # accepted, and nothing passes in either direction
        self.stall_up_after = None  # bytes that pass up, then nothing more, without an end
        self.bytes_a_second = None  # upwards
        self.repeat_answers = 0.0   # share of answers that the client gets twice, at once
        for name, value in changes.items():
            if name not in self.__dict__:
                raise TypeError(f"no such plan: {name}")
            setattr(self, name, value)


class Proxy:
    """Listens on a port of the loopback and passes on to another. `plan` gives the plan of each
    connection by its number, from 0; `cut`, `hold` and `mend` are for all of them at once."""

    def __init__(self, target, plan=lambda number: Plan(), rnd=None):
        self.target, self.plan, self.rnd = target, plan, rnd
        self.connections = 0
        # Closed for all; or the generation of connections that stand still, up to this number.
        self.is_cut, self.held_below = False, 0
        # What was done, by name.
        self.done = {}
        self.tasks = set()
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self.thread.start()
        ready.wait()

    def _run(self, ready):
        asyncio.set_event_loop(self.loop)
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=512)
        self.server = self.loop.run_until_complete(starting)
        self.port = self.server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()

    def _note(self, what):
        self.done[what] = self.done.get(what, 0) + 1

    async def _serve(self, reader, writer):
        number, plan = self.connections, self.plan(self.connections)
        self.connections += 1
        if self.is_cut:
            self._note("refused")
            reset(writer)
            return
        self.tasks.add(asyncio.current_task())
        try:
            await self._converse(reader, writer, plan, number)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self.tasks.discard(asyncio.current_task())

    async def _converse(self, reader, writer, plan, number):
        if plan.silent:
            self._note("silent")
            await asyncio.sleep(3600)
        there, to = await asyncio.open_connection("127.0.0.1", self.target)
        for end in (writer, to):
            end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ways = [asyncio.ensure_future(self._up(reader, to, plan, number)),
                asyncio.ensure_future(self._down(there, writer, plan, number))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            to.close()

    async def _up(self, reader, to, plan, number):
        passed = 0
        while data := await reader.read(65536):
            await self._stand_still(number)
            if plan.delay:
                await asyncio.sleep(plan.delay)
            for limit in (plan.cut_up_after, plan.stall_up_after):
                if limit is not None and passed + len(data) >= limit:
                    to.write(data[:limit - passed])
                    await to.drain()
                    self._note("cut" if plan.cut_up_after is not None else "stalled")
                    if plan.stall_up_after is not None:
                        await asyncio.sleep(3600)
                    return
            passed += len(data)
            if plan.bytes_a_second:
                for byte in data:
                    to.write(bytes((byte,)))
                    await to.drain()
                    await asyncio.sleep(1 / plan.bytes_a_second)
                self._note("slow")
            else:
                to.write(data)
                await to.drain()

    async def _down(self, there, writer, plan, number):
        while data := await there.read(65536):
            await self._stand_still(number)
            if plan.delay:
                self._note("delayed")
                await asyncio.sleep(plan.delay)
            if plan.reset_on_answer:
                self._note("reset")
                reset(writer)
                return
            if plan.repeat_answers and self.rnd.random() < plan.repeat_answers:
                self._note("repeated")
                # In one piece: both are there before the next request can leave.
                data += data
            writer.write(data)
            await writer.drain()

    async def _stand_still(self, number):
        if number < self.held_below:
            self._note("held")
        while number < self.held_below:
            await asyncio.sleep(0.02)

    def cut(self):
        """Ends every connection, and every new one at once, until it is mended."""
        def end():
            for task in self.tasks:
                task.cancel()
        self.is_cut = True
        self.loop.call_soon_threadsafe(end)

    def hold(self, new_ones):
        """No byte passes any more in the connections that are open, and with `new_ones` in those
        that come; none of them ends."""
        self.held_below = sys.maxsize if new_ones else self.connections

    def mend(self):
        """What was held passes from now on."""
        self.is_cut, self.held_below = False, 0

    def close(self):
        def end():
            self.server.close()
            for task in self.tasks:
                task.cancel()
            self.loop.call_later(0.05, self.loop.stop)
        self.loop.call_soon_threadsafe(end)
        self.thread.join(5)


def reset(writer):
    """Ends a connection with a reset in place of an orderly end."""
    stream = writer.get_extra_info("socket")
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def reset_socket(stream):
    """The same for a plain socket."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.close()

"""gdb for Lumos: printers for the types of kernel/lib and net/, and commands that speak network.

    lumos sockets      TCP listeners and connections: number, state, ends, queues, sequence numbers
    lumos skb EXPR     one packet: headers, payload, who holds it
    lumos drops        reasons and counts of lost packets
    lumos tables       the tables of indirect calls, with the functions in them
    lumos stack        where the state of the network stack is
"""
import gdb
import gdb.printing


# ---- printers ---------------------------------------------------------------------------------------------

class big_endian_printer:
    """lib::big_endian<T>: the number in host order, with its hexadecimal form."""

    def __init__(self, value):
        raw = int(value["raw_"])
        size = value["raw_"].type.sizeof
        self.number = int.from_bytes(raw.to_bytes(size, "little"), "big")

    def to_string(self):
        return f"{self.number} ({self.number:#x})"


class relaxed_printer:
    """lib::relaxed<T>: the value in it."""

    def __init__(self, value):
        self.value = value["value_"]

    def to_string(self):
        return str(self.value)


class seq_printer:
    """net::wire::seq: a TCP sequence number."""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        return f"seq {int(self.value['value'])}"


class result_printer:
    """lib::result<T>: the value, or the error number."""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        error = int(self.value["error_"])
        if error:
            return f"error {error}"
        return f"ok {self.value['value_']}" if "value_" in [field.name for field in self.value.type.fields()] or any(
            field.name is None for field in self.value.type.fields()) else "ok"


class ref_printer:
    """lib::ref<T>: the object and its count."""

    def __init__(self, value):
        self.object = value["object_"]

    def to_string(self):
        if int(self.object) == 0:
            return "ref to nothing"
        return f"ref to {self.object} (count {int(self.object['count_'])})"


def elements(intrusive):
    """Pointers to the elements of a lib::list<T, &T::link>, found the way the list itself finds them."""
    element = intrusive.type.strip_typedefs().template_argument(0).pointer()
    offset = int(intrusive.type.strip_typedefs().template_argument(1).cast(gdb.lookup_type("long")))
    head = int(intrusive["head_"].address)
    link = intrusive["head_"]["next"]
    for _ in range(10000):
        if int(link) in (0, head):
            return
        yield gdb.Value(int(link) - offset).cast(element)
        link = link["next"]


class list_printer:
    """lib::list<T, &T::link>: its elements."""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        return "list"

    def children(self):
        return ((f"[{index}]", element) for index, element in enumerate(elements(self.value)))

    def display_hint(self):
        return "array"


def build_printers():
    printers = gdb.printing.RegexpCollectionPrettyPrinter("lumos")
    printers.add_printer("big_endian", "^lib::big_endian<.*>$", big_endian_printer)
    printers.add_printer("relaxed", "^lib::relaxed<.*>$", relaxed_printer)
    printers.add_printer("seq", "^net::wire::seq$", seq_printer)
    printers.add_printer("result", "^lib::result<.*>$", result_printer)
    printers.add_printer("ref", "^lib::ref<.*>$", ref_printer)
    printers.add_printer("list", "^lib::list<.*>$", list_printer)
    return printers


# ---- helpers ----------------------------------------------------------------------------------------------

def network_stack():
    """The kernel's net::stack, or an error before the network is up."""
    pointer = gdb.parse_and_eval("'net::port::(anonymous namespace)::the_stack'")
    if int(pointer) == 0:
        raise gdb.GdbError("the network stack does not exist yet")
    return pointer.dereference()


def address(number):
    number = int(number)
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


def function_name(pointer):
    symbol = gdb.block_for_pc(int(pointer)) if int(pointer) else None
    while symbol is not None and symbol.function is None:
        symbol = symbol.superblock
    if symbol is None:
        return "-"
    return symbol.function.name.replace("(anonymous namespace)::", "").split("(")[0]


# ---- commands ---------------------------------------------------------------------------------------------

class lumos_command(gdb.Command):
    """Commands that know Lumos: sockets, skb, drops, tables, stack."""

    def __init__(self):
        super().__init__("lumos", gdb.COMMAND_DATA, prefix=True)


class lumos_stack(gdb.Command):
    """Shows where the state of the network stack is."""

    def __init__(self):
        super().__init__("lumos stack", gdb.COMMAND_DATA)

    def invoke(self, _argument, _from_tty):
        stack = network_stack()
        print(f"net::stack at {stack.address}: {int(stack['live_socks'])} socks, {int(stack['live_skbs'])} packets, "
              f"{int(stack['skb_bytes'])} bytes in packets")


class lumos_drops(gdb.Command):
    """Shows the reasons for which packets were dropped, and how often."""

    def __init__(self):
        super().__init__("lumos drops", gdb.COMMAND_DATA)

    def invoke(self, _argument, _from_tty):
        drops = network_stack()["drops"]
        for field in gdb.lookup_type("net::drop_reason").fields():
            if field.name.endswith("::count"):
                continue
            count = int(drops[field.enumval])
            if count:
                print(f"{count:10} {field.name.rsplit('::', 1)[-1]}")


class lumos_skb(gdb.Command):
    """Shows one packet: lumos skb EXPRESSION (an sk_buff, a pointer to one, or an skb_ptr)."""

    def __init__(self):
        super().__init__("lumos skb", gdb.COMMAND_DATA)

    def invoke(self, argument, _from_tty):
        value = gdb.parse_and_eval(argument)
        if value.type.strip_typedefs().name == "net::skb_ptr":
            value = value["skb_"]
        skb = value.dereference() if value.type.code == gdb.TYPE_CODE_PTR else value
        linear = int(skb["tail"]) - int(skb["data"])
        print(f"sk_buff {int(skb['id'])} at {skb.address}: {linear} bytes linear, {int(skb['fragment_bytes'])} in "
              f"{int(skb['fragment_count'])} fragments, headroom {int(skb['data']) - int(skb['head'])}, "
              f"truesize {int(skb['truesize'])}")
        for name in ("mac_header", "network_header", "transport_header"):
            if int(skb[name]):
                print(f"  {name:16} {int(skb[name]):#x}  (data {int(skb[name]) - int(skb['data']):+d})")
        if linear:
            shown = bytes(gdb.selected_inferior().read_memory(int(skb["data"]), min(linear, 64)))
            for at in range(0, len(shown), 16):
                print(f"  {at:04x}  {shown[at:at + 16].hex(' ')}")


class lumos_sockets(gdb.Command):
    """Shows the TCP listeners and connections: number, state, ends, queued bytes, send and receive sequence."""

    def __init__(self):
        super().__init__("lumos sockets", gdb.COMMAND_DATA)

    @staticmethod
    def show(sk):
        state = str(sk["state"]).rsplit("::", 1)[-1]
        local = f"{address(sk['local_address']['value_'])}:{int(sk['local_port']['value_'])}"
        remote = f"{address(sk['remote_address']['value_'])}:{int(sk['remote_port']['value_'])}"
        print(f"sock {int(sk['id']):4} {state:14} {local:22} {remote:22} receive queue {int(sk['receive_queue']['bytes_'])}"
              f"  snd_una {int(sk['snd_una']['value'])}  rcv_nxt {int(sk['rcv_nxt']['value'])}")

    def invoke(self, _argument, _from_tty):
        table = network_stack()["tcp"].dereference()
        connection = gdb.lookup_type("net::tcp_sock")
        inside = next(field.bitpos // 8 for field in connection.fields() if field.name == "endpoint")
        for name in ("listeners", "connections"):
            for bucket in range(table[name].type.range()[1] + 1):
                for element in elements(table[name][bucket]):
                    if name == "connections":
                        if str(element["kind"]).endswith("time_wait"):
                            key = element["key"]
                            print(f"     TIME_WAIT          {address(key['local_address'])}:{int(key['local_port'])} "
                                  f"{address(key['remote_address'])}:{int(key['remote_port'])}")
                            continue
                        element = gdb.Value(int(element) - inside).cast(connection.pointer())
                    self.show(element)


class lumos_tables(gdb.Command):
    """Shows the tables of indirect calls of the network stack: families, inetsw, handlers, devices."""

    def __init__(self):
        super().__init__("lumos tables", gdb.COMMAND_DATA)

    @staticmethod
    def show(title, table):
        print(title)
        for field in table.type.fields():
            value = table[field.name]
            if value.type.strip_typedefs().code == gdb.TYPE_CODE_PTR and \
                    value.type.strip_typedefs().target().code == gdb.TYPE_CODE_FUNC:
                print(f"    {field.name:14} {function_name(value)}")

    def invoke(self, _argument, _from_tty):
        stack = network_stack()
        families = stack["families_"]
        for number in range(families.type.range()[1] + 1):
            if int(families[number]):
                self.show(f"family {number}", families[number].dereference())
        protocols = stack["inet_protocols_"]
        for number in range(256):
            if int(protocols[number]):
                self.show(f"IP protocol {number}", protocols[number].dereference())
        handlers = stack["packet_handlers_"]
        for number in range(handlers.type.range()[1] + 1):
            if int(handlers[number]):
                handler = handlers[number].dereference()
                self.show(f"ethertype {int(handler['ethertype']):#06x}", handler)


gdb.printing.register_pretty_printer(None, build_printers(), replace=True)
lumos_command()
lumos_stack()
lumos_drops()
lumos_skb()
lumos_tables()
lumos_sockets()
# Stepping shows our code, not the compiler's headers.
gdb.execute("skip -gfi /usr/include/c++/*")
gdb.execute("set print pretty on")

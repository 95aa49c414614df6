"""What things of a firmware have: these names stay what they are in an image (tools/spare_names.py).

MicroPython 1.29's unix port as it tells itself, and what typings/ says of boards; tests/tools/test_firmware_names.py
holds it to both. So an image is the same whichever CPython makes it.
"""

from __future__ import annotations

_TEXT = """
ADC Flash IF_STA IN IRQ_FALLING IRQ_RISING OUT PERIODIC PM_NONE PULL_DOWN PULL_UP PWM PWRON_RESET Partition Pin RTC
STAT_CONNECTING STAT_CONNECT_FAIL STAT_GOT_IP STAT_IDLE STAT_NO_AP_FOUND STAT_WRONG_PASSWORD TYPE_DATA Timer UART
VfsLfs2 VfsRom WDT WDT_RESET WLAN a2b_base64 abs accept aclose acquire active add addressof all any append argv atexit
awrite awritestr b2a_base64 bin bind bool bootsel_button buffer bytearray bytearray_at byteorder bytes bytes_at calcsize
call_exception_handler callable callbacks center chdir choice chr classmethod clear clock close collect compile complex
config connect const copy core count crc32 create_task cur_task current_task datetime decode default_exception_handler
deinit delattr deleter dict difference difference_update digest dir disable discard disconnect divmod drain dump dumps
duty_u16 enable encode endswith enumerate errno errorcode eval event exc_info exec execfile executable exit extend feed
fileno filter find float flush format freeze from_bytes fromhex fromkeys frozenset gather get get_ciphers get_event_loop
get_exception_handler get_extra_info get_objects getaddrinfo getattr getcwd getenv getrandbits getter getvalue globals
gmtime hasattr hash heap_lock heap_unlock help hex hexlify id ifconfig ilistdir implementation index inet_ntop inet_pton
init input insert int intersection intersection_update io ioctl ipoll irq is_set isalpha isconnected isdigit isdisjoint
isenabled isinstance islower isspace issubclass issubset issuperset isupper items iter join kbd_intr keys len list
listdir listen load load_cert_chain load_verify_locations loads locals localtime locked lower lstrip makefile map max
maxsize md5 mem_alloc mem_current mem_free mem_info mem_peak mem_total memoryview min mkdir mkfs mktime modify modules
mount name new_event_loop next object oct open open_connection opt_level ord pack pack_into partition path peek
pend_throw platform poll poller pop popitem pow print print_exception property ps1 ps2 push putenv qstr_info queue_read
queue_write randint random randrange range read read_u16 read_uv readblocks readexactly readinto readline readlines recv
recvfrom register release remove rename replace repr reset reset_cause reverse reversed rfind rindex rmdir rom_ioctl
round rpartition rsplit rstrip run run_forever run_main run_until_complete schedule seed seek select send sendall sendto
sep set set_ciphers set_exception_handler set_threshold setattr setblocking setdefault setsockopt setter settimeout sha1
sha256 sizeof sleep sleep_ms sleep_us slice sockaddr socket sort sorted split splitlines stack_use start_server
startswith stat staticmethod status statvfs stderr stdin stdout stop str stream stream_awrite strip struct sum super
symmetric_difference symmetric_difference_update sys system tell threshold throw ticks ticks_add ticks_cpu ticks_diff
ticks_ms ticks_us time time_ns tls to_bytes tuple txdone type umount unhexlify uniform union unique_id unlink unpack
unpack_from unregister unsetenv update upper urandom value values verify_mode version version_info wait wait_closed
wait_for wait_for_ms wait_io_event wrap_socket write writeblocks zip
"""
NAMES = frozenset(_TEXT.split())

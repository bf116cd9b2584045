"""Equipment: the nodes' data lie on a small file system that a fault can fill."""
import contextlib
import os
import subprocess

SIZE_MB = 192


def why_not():
    return None if os.geteuid() == 0 else "mounting a small file system needs root"


@contextlib.contextmanager
def small_disks(world):
    mounted = []
    try:
        for node in world.nodes:
            disk = world.dir / f"disk{node.number}"
            disk.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", disk], check=True)
            mounted.append(disk)
            node.data_dir = disk / "data"
        yield
    finally:
        for node in world.nodes:
            node.kill()
        for disk in mounted:
            subprocess.run(["umount", "-l", disk], check=False)

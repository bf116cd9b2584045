"""What every end-to-end test needs: the server as a process, a client, a webhook receiver, a stream reader."""
from .case import ServerCase, eventually, settled
from .client import Answer, Client
from .receiver import Receiver
from .server import Server, binary, clean_environment, run_cli
from .stream import StreamReader

__all__ = ["Answer", "Client", "Receiver", "Server", "ServerCase", "StreamReader", "binary", "clean_environment",
           "eventually", "run_cli", "settled"]

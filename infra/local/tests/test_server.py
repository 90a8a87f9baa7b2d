"""Starting and stopping MiniStack, with a real one on a port of its own."""

import socket
import tempfile
import unittest
from pathlib import Path

from common import Problem
from server import Server
from with_server import free_port


class Life(unittest.TestCase):
    """From start to stop."""

    def setUp(self) -> None:
        home = tempfile.TemporaryDirectory()
        self.addCleanup(home.cleanup)
        self.server = Server(port=free_port(), home=Path(home.name), keeps_state=False)
        self.addCleanup(self.server.stop)

    def test_it_starts_once_and_stops_once(self) -> None:
        self.assertFalse(self.server.healthy())
        self.assertTrue(self.server.start())
        self.assertTrue(self.server.healthy())
        self.assertFalse(self.server.start(), "it runs already")
        self.assertTrue(self.server.stop())
        self.assertFalse(self.server.healthy())
        self.assertFalse(self.server.stop(), "it is stopped already")

    def test_a_taken_port_is_named_with_the_mend(self) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", self.server.port))
            other.listen()
            with self.assertRaisesRegex(Problem, f"Port {self.server.port} is taken.*COPILOT_PORT"):
                self.server.start()

    def test_a_process_id_of_another_program_is_not_ours(self) -> None:
        self.server.home.mkdir(exist_ok=True)
        self.server.pid_file.write_text("1")
        self.assertIsNone(self.server.pid())

    def test_functions_inherit_little(self) -> None:
        environment = self.server.environment()
        self.assertNotIn("PYTHONPATH", environment)
        self.assertEqual(environment["AWS_ENDPOINT_URL"], self.server.endpoint)


if __name__ == "__main__":
    unittest.main()

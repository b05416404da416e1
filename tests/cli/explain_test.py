# SPDX-License-Identifier: MIT
"""kairos explain: what error codes mean."""
import re

from program import ProgramTest, main


class ExplainTest(ProgramTest):
    def refusal(self, exit_code, *arguments):
        """The code of the error that this call ends with."""
        run = self.run_kairos(*arguments)
        self.assertEqual(run.returncode, exit_code, run.stderr)
        return run.stderr.split(":")[0]

    def test_entry(self):
        entry = self.kairos("explain", "KAIROS-D022")
        self.assertEqual(entry, "KAIROS-D022: No such column\n\n"
                                "The table has no column of this name or index.\n\n"
                                "What to do: Use the suggested name, or an index from the range in the message.\n\n"
                                "Kind: Data (exit code 4)\n")
        for word in ("D022", "d022", "kairos-d022"):
            self.assertEqual(self.kairos("explain", word), entry)
        self.assertEqual(self.kairos("explain", "D022", "D022"), entry + "\n" + entry)

    def test_unknown_code(self):
        for word, cure in (("D01", 'Did you mean "D001"?'), ("KAIROS-D01", 'Did you mean "D001"?'),
                           ("X22222", "Run kairos explain for a list."), ("", "Run kairos explain for a list.")):
            with self.subTest(word):
                run = self.run_kairos("explain", word)
                self.assertEqual(run.returncode, 2)
                self.assertEqual(run.stdout, "")
                self.assertEqual(run.stderr, f'KAIROS-U071: kairos explain: no such error code; found "{word}", '
                                             f"expected a code such as KAIROS-D103. {cure}\n")
        self.assertEqual(self.refusal(2, "explain", "D022", "D999"), "KAIROS-U071")
        self.assertEqual(self.refusal(2, "explain", "--jsn"), "KAIROS-U001")

    def test_list(self):
        text = self.kairos("explain")
        codes = re.findall(r"^  (KAIROS-[A-Z]\d{3})  \S.*[^.]$", text, re.MULTILINE)
        self.assertEqual(len(codes), text.count("KAIROS-"))
        self.assertEqual(len(codes), len(set(codes)))
        self.assertEqual("".join(dict.fromkeys(code[7] for code in codes)), "ULODMFCI")
        for code in codes:
            self.assertTrue(self.kairos("explain", code).startswith(code + ": "))

    def test_help(self):
        text = self.kairos("explain", "--help")
        self.assertTrue(text.startswith("kairos explain [CODE…]: explain an error code and its fix\n"))
        self.assertIn("--markdown", text)
        self.assertIn("kairos explain", self.kairos("--help"))

    def test_exit_codes(self):
        for exit_code, arguments in ((2, self.fit(epochs=-1)),
                                     (3, self.fit(plugin="Nothing")),
                                     (3, self.fit(plugin="./data.csv.so")),
                                     (4, self.fit(target="nothing")),
                                     (5, self.fit(loss="nothing")),
                                     (6, self.fit(data="nothing.csv")),
                                     (7, self.fit(callback_state="data.csv", initial_epoch=1))):
            code = self.refusal(exit_code, *arguments)
            with self.subTest(code):
                self.assertIn(f"(exit code {exit_code})\n", self.kairos("explain", code))


main()

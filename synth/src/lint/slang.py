"""Reads Verilog with slang: the top module, then its files. Prints what is wrong; nothing when it is clean."""

import sys

from pyslang.driver import Driver

top, *files = sys.argv[1:]
driver = Driver()
driver.addStandardArgs()
clean = driver.parseCommandLine(" ".join(["slang", "--top", top, *files])) and driver.processOptions()
if clean and driver.parseAllSources():
    compilation = driver.createCompilation()
    driver.reportCompilation(compilation, True)
    driver.runAnalysis(compilation)
clean = driver.reportDiagnostics(True) and clean
sys.exit(not clean)

include ././deep.inc

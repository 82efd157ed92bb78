"""Tests of telling pairs of pictures apart."""

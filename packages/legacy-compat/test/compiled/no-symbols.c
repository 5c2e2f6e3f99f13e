/* A library, and no plugin at all. */
int a_function_of_its_own(void)
{
	return 0;
}
